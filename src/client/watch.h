/* One job of another process, looked at: its pictures as they come, and its report.
 * Not for other rooms. */
#pragma once

#include <libsoup/soup.h>

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

PgmWatch *pgm_watch_new (SoupSession *session,
                         const char *job_id,
                         const PgmWatchFuncs *funcs,
                         gpointer user_data);

/* No more calls. Fine within one. */
void pgm_watch_free (PgmWatch *self);

const char *pgm_watch_get_job_id (PgmWatch *self);

G_END_DECLS
