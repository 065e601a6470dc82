/* The newest picture of every job, and who listens to it.
 *
 * A snapshot is encoded once, and only when somebody wants it; all who listen get
 * the same bytes. A listener gets the next one when it has taken the last one
 * whole: a slow one skips pictures and never queues them.
 *
 * pgm_hub_put() is for the engine's thread; all else is the server's. Not for other
 * rooms. */
#pragma once

#include <libsoup/soup.h>

#include "model/report.h"
#include "model/snapshot.h"
#include "model/summary.h"
#include "server/peer.h"

G_BEGIN_DECLS

typedef struct _PgmHub PgmHub;

/* Works in @context. */
PgmHub *pgm_hub_new (GMainContext *context);
/* Cuts who still listens, and looks at nothing any more; what is put after that is
 * thrown away. In the thread of the context; before freeing it anywhere. */
void pgm_hub_close (PgmHub *self);
void pgm_hub_free (PgmHub *self);

/* Any thread: the newest picture of a job, and its report when it has ended (else
 * NULL). Of several that come before the hub looks, only the newest stays. */
void pgm_hub_put (PgmHub *self, const char *job_id, PgmSnapshot *snapshot, PgmReport *report);

/* @job_id NULL: the current job, that is the one that began last of those that run,
 * else the one that began last. All results are NULL when there is none. */
const char *pgm_hub_resolve (PgmHub *self, const char *job_id);
gboolean pgm_hub_is_running (PgmHub *self, const char *job_id);
PgmSnapshot *pgm_hub_ref_snapshot (PgmHub *self, const char *job_id);
GBytes *pgm_hub_ref_encoded (PgmHub *self, const char *job_id);

/* One of the jobs in the order of their beginning; borrowed until the next turn of the
 * loop. FALSE when there are no more. */
typedef struct
{
  const char *id;
  PgmSnapshot *snapshot;
  PgmReport *report; /* NULL while it runs */
} PgmHubJob;

gboolean pgm_hub_get_job (PgmHub *self, guint index, PgmHubJob *job);

/* Sends from now on what @wanted says: pictures of one job (else of the current one), or
 * summaries of all. When a report is asked for and the job has ended, one more message
 * {"report":…}, and the connection is closed. */
void pgm_hub_add_listener (PgmHub *self,
                           SoupWebsocketConnection *connection,
                           PgmPeer *peer,
                           const PgmListenQuery *wanted);
guint pgm_hub_count_listeners (PgmHub *self);

/* TRUE when nobody waits for a message or a report any more. */
gboolean pgm_hub_is_drained (PgmHub *self);

G_END_DECLS
