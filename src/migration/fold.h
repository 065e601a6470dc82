/* A fold: consecutive whole transactions of the source that become one
 * transaction of the destination (B1), compacted per table and key (B2).
 *
 * It knows nothing of SQL. What it makes is a list of steps in the order in which
 * they have to be done: sets of rows, where each key of a table occurs once;
 * single rows, to be done one after the other; TRUNCATE. A table's sets stay open
 * for further changes until something comes that can't be part of a set (a key
 * that changes, TRUNCATE, a table whose changes must stay in order): this closes
 * the window of that table only. Tables don't wait for each other, save at
 * TRUNCATE, which names several.
 *
 * Everything in a fold points into the batches it holds. The changes themselves
 * are kept in their order too: a fold that meets a conflict is written again row
 * by row.
 */
#pragma once

#include "migration/change.h"

G_BEGIN_DECLS

typedef enum
{
  PGM_FOLD_KEYED,   /* compacted by key */
  PGM_FOLD_APPEND,  /* rows have no key: inserts make sets, all else is done row by row */
  PGM_FOLD_ORDERED, /* every change is done row by row */
} PgmFoldMode;

/* What folding must know of a table. */
typedef struct
{
  PgmFoldMode mode;
  guint index;  /* small and dense, of this table alone */
  guint n_keys; /* columns that identify a row; KEYED only */
  guint *keys;  /* numbers of columns in the relation */
  /* Updates of different rows may change places, since nothing else is unique: values
   * can't be handed from row to row. */
  gboolean may_sort;
} PgmFoldTable;

/* A change of a table, or a TRUNCATE of several. */
typedef struct
{
  const PgmChange *change;
  PgmFoldTable *table;   /* NULL for TRUNCATE */
  PgmFoldTable **tables; /* of TRUNCATE, ended by NULL; owned by the first fold that holds it */
} PgmFoldChange;

typedef struct
{
  PgmLsn final_lsn; /* of the commit record: known from the beginning */
  PgmLsn end_lsn;
  gint64 commit_time;
  guint first; /* index into the fold's changes */
  guint n_changes;
} PgmFoldTransaction;

typedef struct
{
  const PgmTuple *key; /* where the key's columns are taken from */
  const PgmTuple *row; /* the new values; NULL for DELETE */
} PgmFoldRow;

/* Rows of one table to which the same is done. */
typedef struct
{
  PgmChangeKind kind; /* INSERT, UPDATE, DELETE */
  guint8 *unchanged;  /* UPDATE: a bit for each column that keeps its value; NULL: none does */
  GArray *rows;       /* PgmFoldRow */
} PgmFoldSet;

typedef enum
{
  PGM_FOLD_SETS,
  PGM_FOLD_ROWS, /* and TRUNCATE */
} PgmFoldStepKind;

typedef struct _PgmFoldWindow PgmFoldWindow;

typedef struct
{
  PgmFoldStepKind kind;
  PgmFoldTable *table;   /* of SETS */
  PgmFoldWindow *window; /* private: until the fold is sealed */
  GArray *sets;          /* PgmFoldSet, in the order in which they have to be written */
  GArray *rows;          /* PgmFoldChange */
} PgmFoldStep;

typedef struct
{
  guint64 transactions;
  guint64 inserts, updates, deletes, truncates;
} PgmFoldCounts;

/* A batch that several folds may point into. */
typedef struct _PgmFoldBatch PgmFoldBatch;
PgmFoldBatch *pgm_fold_batch_new_take (PgmChangeBatch *batch);
PgmFoldBatch *pgm_fold_batch_ref (PgmFoldBatch *self);
void pgm_fold_batch_unref (PgmFoldBatch *self);
PgmChangeBatch *pgm_fold_batch_get (PgmFoldBatch *self);

typedef struct
{
  PgmArena *arena;      /* what compaction has made */
  GPtrArray *steps;     /* PgmFoldStep */
  GArray *changes;      /* PgmFoldChange, of all transactions in their order */
  GArray *transactions; /* PgmFoldTransaction */
  GPtrArray *batches;   /* PgmFoldBatch, referenced */
  GPtrArray *last;      /* PgmFoldStep by PgmFoldTable.index: the table's last step */
  gsize bytes;          /* of the batches */
  PgmFoldCounts counts;
} PgmFold;

PgmFold *pgm_fold_new (void);
void pgm_fold_free (PgmFold *self);

/* Keeps the batch alive; asking twice in a row is free. */
void pgm_fold_hold (PgmFold *self, PgmFoldBatch *batch);

/* Adds a transaction, or a part of one, with its changes (copied; their batches
 * are held by the caller's pgm_fold_hold()). FALSE with PGM_ERROR_PROTOCOL for
 * what no source sends. */
gboolean pgm_fold_add (PgmFold *self,
                       const PgmFoldTransaction *transaction,
                       const PgmFoldChange *changes,
                       guint n_changes,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Closes all windows: from now on the steps have their sets. */
void pgm_fold_seal (PgmFold *self);

/* Does the update change the row's key? Decided by bytes, never by what was sent. */
gboolean pgm_fold_key_changes (const PgmFoldTable *table, const PgmChange *change);

/* Is bit @column set? @unchanged may be NULL. */
gboolean pgm_fold_is_unchanged (const guint8 *unchanged, guint column);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmFold, pgm_fold_free)

G_END_DECLS
