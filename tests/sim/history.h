/* What the source does in one run, drawn beforehand: transactions in the order of
 * their commits, and what is in the tables after each of them. */
#pragma once

#include "core/lsn.h"
#include "state.h"

G_BEGIN_DECLS

typedef struct
{
  char kind;    /* the wire's letter: I U D T M */
  guint table;  /* of I U D */
  guint tables; /* of T: bits */
  Row old;      /* D, and U when the key changes */
  Row new;
  gboolean rekeyed; /* U */
  gboolean toasted; /* U: the last column was not touched and isn't sent */
  gboolean foreign; /* M: of somebody else */
  guint32 subxid;   /* 0: of none */
  gboolean aborted; /* the subtransaction was */
} Change;

typedef struct
{
  guint32 xid;
  PgmLsn final_lsn;
  PgmLsn end_lsn;
  gboolean aborted; /* as a whole, so that only who is told early sees any of it */
  GArray *changes;  /* Change */
} Transaction;

typedef struct
{
  GPtrArray *transactions; /* Transaction, with those that are aborted */
  GPtrArray *states;       /* State: after as many that committed */
  GArray *finals;          /* PgmLsn of those */
  GArray *ends;
  PgmLsn start;        /* of the slot */
  guint n_copied;      /* transactions that the copy of ORDERS had in it */
  PgmLsn copied_until; /* where that was */
} History;

History *history_new (guint n_transactions);
void history_free (History *self);

/* How many commit records begin below @lsn. */
guint history_count (const History *self, PgmLsn lsn);

/* What the destination must look like when it has applied the first @n. */
gboolean history_matches (const History *self, guint n, const State *state, guint *table);

G_END_DECLS
