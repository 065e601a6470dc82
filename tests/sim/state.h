/* What is in the tables, on either side. All have the same four columns of small
 * numbers; what differs is what identifies a row. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

enum
{
  TABLE_ACCOUNTS, /* key c0; c1 is unique as well, so that sets meet conflicts */
  TABLE_PAIRS,    /* key c0, c1 */
  TABLE_LEDGER,   /* no identity: every row comes once, or is lost or doubled */
  TABLE_ORDERS,   /* key c0; changes have to stay in order. Copied under a later snapshot */
  N_TABLES,
};

#define N_COLUMNS 4

typedef struct
{
  guint32 c[N_COLUMNS];
} Row;

typedef struct
{
  GArray *rows[N_TABLES]; /* Row */
} State;

typedef enum
{
  STATE_OK,
  STATE_MISSING,   /* the row isn't there */
  STATE_DUPLICATE, /* or is already */
} StateResult;

guint state_n_keys (guint table);

State *state_new (void);
State *state_copy (const State *from);
void state_free (State *self);

/* Row of the key in @key; -1: none. Not of the ledger. */
int state_find (const State *self, guint table, const Row *key);

StateResult state_insert (State *self, guint table, const Row *row);
StateResult state_update (State *self, guint table, const Row *key, const Row *row);
StateResult state_delete (State *self, guint table, const Row *key);
void state_truncate (State *self, guint table);

gboolean state_equal (const State *a, const State *b, guint table);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (State, state_free)

G_END_DECLS
