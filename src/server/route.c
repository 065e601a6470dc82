#include "server/route.h"

#include <string.h>

#include "model/migration.h"
#include "model/summary.h"
#include "server/handlers.h"
#include "server/metrics.h"

#define API PGM_API
/* A job's id has no more characters. */
#define MAX_ID 64

#define GET_QUICK(path, run, type, flags, summary)                                                 \
  {                                                                                                \
    "GET", path, run, PGM_ROUTE_QUICK | (flags), NULL, type, 200, NULL, summary                    \
  }
#define GET_TEXT(path, run, media, summary)                                                        \
  {                                                                                                \
    "GET", path, run, PGM_ROUTE_QUICK, NULL, NULL, 200, NULL, summary, 0, media                    \
  }
#define GET(path, run, type, flags, call, summary)                                                 \
  {                                                                                                \
    "GET", path, run, flags, NULL, type, 200, call, summary                                        \
  }
#define POST(path, run, body, call, summary)                                                       \
  {                                                                                                \
    "POST", path, run, 0, body, &pgm_answer_type, 202, call, summary                               \
  }
/* With and without a job named. */
#define EMPTY   &pgm_empty_body_type
#define OPTIONS &pgm_switchover_options_type

/* Each question is a route; model/question.h says how it looks. */
#define MANY PGM_ROUTE_MANY
#define ASK(name, method, path, request, response, flags, status, summary)                         \
  { method,   API path, pgm_handle_ask, flags,   request,                                          \
    response, status,   "ask",          summary, PGM_ASK_##name },

static const PgmRoute routes[] = {
  GET_QUICK ("/", pgm_handle_root, NULL, PGM_ROUTE_OPEN, "What this is"),
  GET_QUICK ("/healthz", pgm_handle_healthz, NULL, PGM_ROUTE_OPEN, "The process lives"),
  GET_QUICK ("/readyz", pgm_handle_readyz, NULL, PGM_ROUTE_OPEN, "It can be asked"),
  GET_TEXT ("/metrics", pgm_handle_metrics, PGM_METRICS_MEDIA_TYPE, "Numbers for Prometheus"),
  GET_TEXT (API "/openapi.json", pgm_handle_openapi, PGM_MEDIA_JSON, "This description"),
  GET_QUICK (API "/status",
             pgm_handle_status,
             &pgm_snapshot_type,
             0,
             "Snapshot of the current job"),
  GET_QUICK (API "/tables",
             pgm_handle_tables,
             &pgm_table_progress_type,
             PGM_ROUTE_MANY,
             "Tables of the current job"),
  GET_QUICK (API "/logs",
             pgm_handle_logs,
             &pgm_log_entry_type,
             PGM_ROUTE_MANY,
             "Log of the current job"),
  GET_QUICK (API "/jobs/status",
             pgm_handle_jobs_status,
             &pgm_jobs_status_type,
             0,
             "Whether the current job runs"),
  { "GET", API "/ws", NULL, PGM_ROUTE_WEBSOCKET, &pgm_listen_query_type, &pgm_snapshot_type, 101,
    NULL, "Snapshots as they come" },
  { "POST", API "/ws-ticket", pgm_handle_ws_ticket, PGM_ROUTE_QUICK, EMPTY, &pgm_ticket_type, 201,
    NULL, "A ticket to open a WebSocket with" },
  GET (API "/migrations",
       pgm_handle_migrations,
       &pgm_migration_type,
       PGM_ROUTE_MANY,
       "list_jobs",
       "All jobs"),
  GET (API "/migrations/{id}",
       pgm_handle_migration,
       &pgm_migration_type,
       0,
       "ref_snapshot",
       "One job"),
  GET (API "/migrations/{id}/logs",
       pgm_handle_migration_logs,
       &pgm_log_entry_type,
       PGM_ROUTE_MANY,
       "list_events",
       "A job's log"),
  GET (API "/migrations/{id}/events",
       pgm_handle_migration_events,
       &pgm_event_type,
       PGM_ROUTE_MANY,
       "list_events",
       "A job's events"),
  GET (API "/migrations/{id}/report",
       pgm_handle_migration_report,
       &pgm_report_type,
       0,
       "ref_report",
       "What came of a job"),
  POST (API "/jobs", pgm_handle_start, &pgm_job_spec_type, "start_job", "Start a job"),
  POST (API "/jobs/clone", pgm_handle_clone, &pgm_clone_body_type, "start_job", "Start a clone"),
  POST (API "/jobs/follow",
        pgm_handle_follow,
        &pgm_follow_body_type,
        "start_job",
        "Start to follow"),
  POST (API "/compare",
        pgm_handle_compare,
        &pgm_compare_body_type,
        "start_job",
        "Start to compare two databases"),
  POST (API "/jobs/stop", pgm_handle_stop, EMPTY, "stop_job", "Stop the current job"),
  POST (API "/jobs/switchover",
        pgm_handle_switchover,
        OPTIONS,
        "request_job",
        "Cut over the current job"),
  POST (API "/migrations/{id}/stop", pgm_handle_stop, EMPTY, "stop_job", "Stop a job"),
  POST (API "/migrations/{id}/switchover",
        pgm_handle_switchover,
        OPTIONS,
        "request_job",
        "Move writes to the destination"),
  POST (API "/migrations/{id}/switchover-back",
        pgm_handle_switchover_back,
        OPTIONS,
        "request_job",
        "Move them back"),
  POST (API "/migrations/{id}/switchover-cancel",
        pgm_handle_switchover_cancel,
        EMPTY,
        "request_job",
        "Give up a cutover before its point of no return"),
  POST (API "/migrations/{id}/pause",
        pgm_handle_pause,
        EMPTY,
        "request_job",
        "Stop applying for a while"),
  POST (API "/migrations/{id}/resume", pgm_handle_resume, EMPTY, "request_job", "Go on"),
  POST (API "/migrations/{id}/verify",
        pgm_handle_verify,
        EMPTY,
        "request_job",
        "Compare under live traffic"),
  POST (API "/migrations/{id}/cleanup",
        pgm_handle_cleanup,
        EMPTY,
        "request_job",
        "End it and leave nothing behind"),
  PGM_QUESTIONS (ASK){ NULL },
};

const PgmRoute *
pgm_routes_get (void)
{
  return routes;
}

const char *
pgm_route_get_media (const PgmRoute *route)
{
  if (route->media != NULL)
    return route->media;
  return route->response != NULL ? PGM_MEDIA_JSON : PGM_MEDIA_TEXT;
}

gboolean
pgm_route_takes_query (const PgmRoute *route)
{
  return route->request != NULL &&
         (g_str_equal (route->method, "GET") || g_str_equal (route->method, "DELETE"));
}

static gboolean
is_id (const char *text, gsize length)
{
  for (gsize i = 0; i < length; i++)
    if (!g_ascii_isalnum (text[i]) && strchr ("-_.", text[i]) == NULL)
      return FALSE;
  return length > 0 && length <= MAX_ID;
}

/* Does @path fit @pattern? What stands for "{id}" is given back then. */
static gboolean
matches (const char *pattern, const char *path, char **id)
{
  const char *hole = strstr (pattern, "{id}");
  gsize before, length;

  if (hole == NULL)
    return g_str_equal (pattern, path);
  before = (gsize) (hole - pattern);
  if (strncmp (pattern, path, before) != 0)
    return FALSE;
  length = strcspn (path + before, "/");
  if (!is_id (path + before, length) || !g_str_equal (hole + 4, path + before + length))
    return FALSE;
  *id = g_strndup (path + before, length);
  return TRUE;
}

const PgmRoute *
pgm_route_find (const PgmHttpHead *head, char **id, PgmRefusal *refusal)
{
  gboolean known = FALSE;

  *id = NULL;
  for (const PgmRoute *route = routes; route->method != NULL; route++)
    {
      if (!matches (route->path, head->path, id))
        continue;
      if (g_str_equal (route->method, head->method))
        return route;
      known = TRUE;
      g_clear_pointer (id, g_free);
    }
  if (known)
    pgm_refusal_set (refusal, 405, "this method is not possible here");
  else
    pgm_refusal_set (refusal, 404, "there is no such place");
  return NULL;
}
