/* What the steps of one clone share. Made by clone.c; the steps read it, and
 * write only where it says so. Threads: everything set before copying starts is
 * read-only from then on; @report is touched under @report_lock only. */
#pragma once

#include "core/scratch.h"
#include "migration/ends.h"
#include "migration/filter.h"
#include "migration/progress.h"
#include "model/job.h"
#include "model/report.h"
#include "postgres/catalog.h"
#include "postgres/tools.h"

G_BEGIN_DECLS

typedef struct
{
  const PgmJobSpec *spec;
  const PgmCloneOptions *options; /* spec->clone */
  PgmProgress *progress;
  PgmEnds *ends;
  PgmFilter *filter;
  PgmCatalog *catalog; /* of the source under @snapshot, filtered by @filter */
  char *snapshot;      /* exported identifier, alive while the keeper is */
  PgmTool *pg_dump;
  PgmTool *pg_restore;
  PgmScratch *scratch;
  const char *directory; /* that of @scratch */
  char *archive;         /* custom-format schema dump in @directory */
  guint copy_workers;
  guint index_workers;

  GMutex report_lock;
  PgmReport *report;
} PgmCloneContext;

/* Adds @n to a counter of the report (&ctx->report->indexes) under the lock. */
void pgm_clone_context_count (PgmCloneContext *self, guint64 *counter, guint64 n);

/* Adds to report->problems under the lock, with an event in the progress. @sql may be NULL. */
void pgm_clone_context_problem (PgmCloneContext *self,
                                const char *object,
                                const char *sql,
                                const GError *error);

/* Does @error end the whole, or only the one object? An error that the server
 * raised for a statement is the object's own; not so a full disk, a lost or
 * ended session, or a cancellation. */
gboolean pgm_clone_error_is_fatal (const GError *error);

G_END_DECLS
