#include "server/handlers.h"

#include "model/summary.h"
#include "server/metrics.h"
#include "server/openapi.h"

static void
answer_text (PgmCall *call, char *text)
{
  g_autoptr (GBytes) bytes = g_bytes_new_take (text, strlen (text));

  pgm_call_answer_bytes (call, bytes);
}

void
pgm_handle_root (PgmCall *call)
{
  answer_text (call, g_strdup ("pgmanager: the API is below /api/v1.\n"
                               "GET /api/v1/status tells how the current job stands; "
                               "`pgmanager status` shows it.\n"
                               "GET /api/v1/openapi.json describes all of it.\n"
                               "The desktop is pgmanager-gtk.\n"));
}

void
pgm_handle_healthz (PgmCall *call)
{
  answer_text (call, g_strdup ("ok\n"));
}

void
pgm_handle_readyz (PgmCall *call)
{
  GError *error = NULL;

  if (g_atomic_int_get (&call->house->ready))
    {
      answer_text (call, g_strdup ("ok\n"));
      return;
    }
  pgm_error_set (&error, PGM_ERROR_LOST, "not ready");
  pgm_call_fail (call, error);
}

void
pgm_handle_metrics (PgmCall *call)
{
  answer_text (call, pgm_metrics_write (call->house->hub));
}

void
pgm_handle_openapi (PgmCall *call)
{
  answer_text (call, pgm_openapi_write ());
}

void
pgm_handle_ws_ticket (PgmCall *call)
{
  PgmTicket *ticket = pgm_record_new (&pgm_ticket_type);

  ticket->ticket = g_strdup (pgm_tickets_issue (call->house->tickets, g_get_monotonic_time ()));
  ticket->expires_in = PGM_TICKET_SECONDS;
  pgm_call_answer (call, ticket);
}
