/* What the applier's files share: apply.c (its doors), apply-folder.c (the thread
 * that folds), apply-writer.c (the one that writes) and apply-replay.c (row by
 * row).
 *
 * Between the two threads stands one fold at a time, the pending one: the folder
 * adds whole transactions to it, the writer takes it when it is free and either
 * there is nothing more to add at the moment, or the fold is full. So the writer
 * never waits for more than there is, and folds grow by themselves while it is
 * behind.
 */
#pragma once

#include "migration/apply-target.h"

G_BEGIN_DECLS

/* A sentinel on its way. */
typedef struct
{
  char *content;
  PgmSentinelSighting sighting;
} PgmApplySentinel;

/* What the writer takes at a time. */
typedef struct
{
  PgmFold *fold;
  GArray *sentinels; /* PgmApplySentinel */
  gboolean full;
  gboolean in_parts; /* of one transaction, too large for one fold */
  gboolean first;    /* of the parts, or whole */
  gboolean last;
} PgmApplyWork;

struct _PgmApplier
{
  gatomicrefcount references;
  PgmApplyTarget *target;
  PgmChannel *changes;
  PgmProgress *progress; /* may be NULL */
  PgmConflictPolicy conflicts;
  GHashTable *copied_until; /* may be NULL */
  gsize max_fold_bytes;
  guint max_fold_changes;
  GCancellable *stop; /* of the folder, and of everything the caller's cancels */

  GMutex mutex;
  GCond changed; /* of everything below */
  PgmApplyWork *pending;
  gboolean caught_up;   /* the folder waits for the channel */
  gboolean ended;       /* the folder is done */
  gboolean finished;    /* the writer is */
  GError *folder_error; /* why it ended early */
  PgmLsn start;         /* the origin's progress at the start */
  PgmLsn position;      /* nothing for us below this beyond what is pending */
  PgmLsn committed;     /* by transactions */
  PgmLsn applied;       /* the same, or a position beyond */
  PgmLsn flushed;
  PgmLsn wanted;       /* flushed, by somebody who waits */
  PgmLsn hold;         /* 0: nothing is held */
  PgmLsn watch;        /* 0: nobody asks */
  GHashTable *watched; /* names of tables; NULL until somebody does */
  GArray *sentinels;   /* PgmApplySentinel, committed */
  PgmApplierStats stats;
};

PgmApplyWork *pgm_apply_work_new (void);
void pgm_apply_work_free (PgmApplyWork *self);

/* Keeps the transactions whose commit lies below @lsn, of which there is one;
 * returns the others. */
PgmApplyWork *pgm_apply_work_split (PgmApplyWork *self, PgmLsn lsn);

/* The folding thread; @data is the applier. */
gpointer pgm_apply_folder_thread (gpointer data);

/* The writing thread's work, until the end. */
gboolean pgm_apply_writer_run (PgmApplier *self, GCancellable *cancellable, GError **error);

/* Is @error about a single row, so that it is worth while to look for it? */
gboolean pgm_apply_error_is_of_row (const GError *error);

/* Writes the transactions of a fold that met such an error again, one by one and
 * row by row, in no transaction at the beginning and the end. */
gboolean pgm_apply_replay (PgmApplier *self, const PgmApplyWork *work, GError **error);

/* The same of a part, inside of its transaction and after save(). */
gboolean pgm_apply_replay_part (PgmApplier *self, const PgmApplyWork *work, GError **error);

/* Notes the tables of a fold that is about to be committed, when somebody asks. */
void pgm_apply_note_watched (PgmApplier *self, const PgmFold *fold);

/* Notes that @transaction is committed. */
void pgm_apply_note_committed (PgmApplier *self,
                               const PgmFoldTransaction *transaction,
                               const PgmFoldCounts *counts,
                               const GArray *sentinels);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmApplyWork, pgm_apply_work_free)

G_END_DECLS
