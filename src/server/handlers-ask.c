#include "server/handlers.h"

static void
on_answered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  PgmCall *call = user_data;
  GError *error = NULL;
  gpointer answer = pgm_engine_ask_finish (PGM_ENGINE (source), result, &error);

  if (error != NULL)
    pgm_call_fail (call, error);
  else if (answer == NULL)
    pgm_call_answer_nothing (call);
  else if (pgm_question_get (call->route->ask)->many)
    pgm_call_answer_many (call, answer);
  else
    pgm_call_answer (call, answer);
  pgm_call_unref (call);
}

/* Never as the caller says. */
static void
mark_foreign (PgmCall *call)
{
  if (call->route->request == &pgm_connection_test_type)
    ((PgmConnectionTest *) call->body)->foreign = call->foreign;
  else if (call->route->request == &pgm_discover_query_type)
    ((PgmDiscoverQuery *) call->body)->foreign = call->foreign;
}

void
pgm_handle_ask (PgmCall *call)
{
  mark_foreign (call);
  pgm_engine_ask_async (call->house->engine, call->route->ask, call->id, call->body, NULL,
                        on_answered, pgm_call_ref (call));
}
