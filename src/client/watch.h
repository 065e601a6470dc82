/* One job of another process, looked at: its pictures as they come, and its report.
 * Not for other rooms. */
#pragma once

#include "client/rest.h"
#include "model/report.h"
#include "model/snapshot.h"

G_BEGIN_DECLS

typedef struct _PgmWatch PgmWatch;

typedef struct
{
  /* Borrowed. */
  void (*snapshot) (PgmWatch *self, PgmSnapshot *snapshot, gpointer user_data);
  /* Once, and the last call: @report is never NULL, but made up when the process went
   * away without a word (@lost). */
  void (*finished) (PgmWatch *self, PgmReport *report, gboolean lost, gpointer user_data);
} PgmWatchFuncs;

/* A line that breaks is taken up again; when that doesn't succeed for a minute (or at
 * once, when nobody listens on a unix socket any more), the process counts as gone. */
PgmWatch *
pgm_watch_new (PgmRest *rest, const char *job_id, const PgmWatchFuncs *funcs, gpointer user_data);

/* No more calls. Fine within one. */
void pgm_watch_free (PgmWatch *self);

const char *pgm_watch_get_job_id (PgmWatch *self);

G_END_DECLS
