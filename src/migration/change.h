/* What goes from the receiver to the applier: batches of decoded changes.
 *
 * A batch owns the bytes of its messages and everything that points into them:
 * whoever holds the batch may read its changes. It is handed over whole through
 * the bounded channel. Transactions come one after the other, each from BEGIN to
 * COMMIT; one may go over several batches, and the bounds of batches mean
 * nothing. There are no in-progress or aborted changes here: what the source
 * streamed early has been kept back until its commit.
 */
#pragma once

#include "postgres/pgoutput.h"

G_BEGIN_DECLS

typedef enum
{
  PGM_CHANGE_BEGIN,
  PGM_CHANGE_INSERT,
  PGM_CHANGE_UPDATE,
  PGM_CHANGE_DELETE,
  PGM_CHANGE_TRUNCATE,
  PGM_CHANGE_MESSAGE, /* of our own prefix, transactional: a sentinel */
  PGM_CHANGE_COMMIT,
  PGM_CHANGE_POSITION, /* between transactions: nothing for us below this position */
} PgmChangeKind;

/* The prefix of our own logical messages; those of others are dropped (F54). */
#define PGM_MESSAGE_PREFIX "pgmanager"

typedef struct
{
  guint8 kind; /* PgmChangeKind */
  union
  {
    struct
    {
      guint32 xid;
      PgmLsn final_lsn;
      gint64 commit_time;
    } begin;
    struct
    {
      PgmRelation *relation; /* the batch holds a reference */
      PgmTuple *old;
      PgmTuple *new;
      gboolean old_is_key;
    } row;
    struct
    {
      PgmRelation **relations;
      guint n_relations;
      gboolean cascade;
      gboolean restart_identity;
    } truncate;
    struct
    {
      const char *content; /* NUL-terminated */
      PgmLsn lsn;
    } message;
    struct
    {
      PgmLsn commit_lsn;
      PgmLsn end_lsn;
      gint64 commit_time;
    } commit;
    PgmLsn position;
  };
} PgmChange;

/* The arena of a batch grows by this many bytes. */
#define PGM_CHANGE_BATCH_BLOCK ((gsize) 8 * 1024)

typedef struct
{
  PgmArena *arena;      /* messages and tuples */
  GArray *changes;      /* PgmChange */
  GPtrArray *relations; /* PgmRelation, referenced */
  gsize bytes;          /* what the batch weighs in the channel */
} PgmChangeBatch;

PgmChangeBatch *pgm_change_batch_new (void);
void pgm_change_batch_free (PgmChangeBatch *self);

/* Keeps @relation alive as long as the batch; cheap when it is the same as last
 * time. */
void pgm_change_batch_hold (PgmChangeBatch *self, PgmRelation *relation);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmChangeBatch, pgm_change_batch_free)

G_END_DECLS
