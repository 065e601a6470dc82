/* What each route does. One function a route, named like it; those of routes that
 * are quick run in the server's thread, the others in the engine's context. Not for
 * other rooms. */
#pragma once

#include "server/call.h"

G_BEGIN_DECLS

/* handlers-server.c: the server itself. */
void pgm_handle_root (PgmCall *call);
void pgm_handle_healthz (PgmCall *call);
void pgm_handle_readyz (PgmCall *call);
void pgm_handle_metrics (PgmCall *call);
void pgm_handle_openapi (PgmCall *call);
void pgm_handle_ws_ticket (PgmCall *call);

/* handlers-current.c: of the current job, from the hub. */
void pgm_handle_status (PgmCall *call);
void pgm_handle_tables (PgmCall *call);
void pgm_handle_logs (PgmCall *call);
void pgm_handle_jobs_status (PgmCall *call);

/* handlers-jobs.c: looking at jobs. */
void pgm_handle_migrations (PgmCall *call);
void pgm_handle_migration (PgmCall *call);
void pgm_handle_migration_logs (PgmCall *call);
void pgm_handle_migration_events (PgmCall *call);
void pgm_handle_migration_report (PgmCall *call);

/* handlers-requests.c: changing something. Without "{id}" they speak of the current
 * job. */
void pgm_handle_start (PgmCall *call); /* a whole specification */
void pgm_handle_clone (PgmCall *call);
void pgm_handle_follow (PgmCall *call);
void pgm_handle_compare (PgmCall *call);
void pgm_handle_stop (PgmCall *call);
void pgm_handle_switchover (PgmCall *call);
void pgm_handle_switchover_back (PgmCall *call);
void pgm_handle_switchover_cancel (PgmCall *call);
void pgm_handle_pause (PgmCall *call);
void pgm_handle_resume (PgmCall *call);
void pgm_handle_verify (PgmCall *call);
void pgm_handle_cleanup (PgmCall *call);

/* handlers-ask.c: every question of model/question.h. */
void pgm_handle_ask (PgmCall *call);

G_END_DECLS
