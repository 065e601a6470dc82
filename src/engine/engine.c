#include "engine/engine.h"

#include <string.h>

G_DEFINE_INTERFACE (PgmEngine, pgm_engine, G_TYPE_OBJECT)

/* Records are no boxed type: they are borrowed for the emission. */
static void
pgm_engine_default_init (PgmEngineInterface *iface)
{
  g_signal_new ("snapshot", PGM_TYPE_ENGINE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2,
                G_TYPE_STRING, G_TYPE_POINTER);
  g_signal_new ("finished", PGM_TYPE_ENGINE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2,
                G_TYPE_STRING, G_TYPE_POINTER);
}

void
pgm_engine_start_job_async (PgmEngine *self,
                            PgmJobSpec *spec,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  g_return_if_fail (PGM_IS_ENGINE (self) && spec != NULL);

  PGM_ENGINE_GET_IFACE (self)->start_job_async (self, spec, cancellable, callback, user_data);
}

char *
pgm_engine_start_job_finish (PgmEngine *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (PGM_IS_ENGINE (self), NULL);

  return PGM_ENGINE_GET_IFACE (self)->start_job_finish (self, result, error);
}

void
pgm_engine_stop_job_async (PgmEngine *self,
                           const char *job_id,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data)
{
  g_return_if_fail (PGM_IS_ENGINE (self) && job_id != NULL);

  PGM_ENGINE_GET_IFACE (self)->stop_job_async (self, job_id, cancellable, callback, user_data);
}

gboolean
pgm_engine_stop_job_finish (PgmEngine *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (PGM_IS_ENGINE (self), FALSE);

  return PGM_ENGINE_GET_IFACE (self)->stop_job_finish (self, result, error);
}

void
pgm_engine_request_job_async (PgmEngine *self,
                              const char *job_id,
                              PgmJobRequest *request,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  g_return_if_fail (PGM_IS_ENGINE (self) && job_id != NULL && request != NULL);

  PGM_ENGINE_GET_IFACE (self)->request_job_async (self, job_id, request, cancellable, callback,
                                                  user_data);
}

gboolean
pgm_engine_request_job_finish (PgmEngine *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (PGM_IS_ENGINE (self), FALSE);

  return PGM_ENGINE_GET_IFACE (self)->request_job_finish (self, result, error);
}

void
pgm_engine_list_jobs_async (PgmEngine *self,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  g_return_if_fail (PGM_IS_ENGINE (self));

  PGM_ENGINE_GET_IFACE (self)->list_jobs_async (self, cancellable, callback, user_data);
}

GPtrArray *
pgm_engine_list_jobs_finish (PgmEngine *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (PGM_IS_ENGINE (self), NULL);

  return PGM_ENGINE_GET_IFACE (self)->list_jobs_finish (self, result, error);
}

void
pgm_engine_list_events_async (PgmEngine *self,
                              const char *job_id,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  g_return_if_fail (PGM_IS_ENGINE (self) && job_id != NULL);

  PGM_ENGINE_GET_IFACE (self)->list_events_async (self, job_id, cancellable, callback, user_data);
}

GPtrArray *
pgm_engine_list_events_finish (PgmEngine *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (PGM_IS_ENGINE (self), NULL);

  return PGM_ENGINE_GET_IFACE (self)->list_events_finish (self, result, error);
}

void
pgm_engine_ask_async (PgmEngine *self,
                      PgmAsk ask,
                      const char *id,
                      gpointer request,
                      GCancellable *cancellable,
                      GAsyncReadyCallback callback,
                      gpointer user_data)
{
  const PgmQuestion *question = pgm_question_get (ask);

  g_return_if_fail (PGM_IS_ENGINE (self) && question != NULL);
  g_return_if_fail ((id != NULL) == (strstr (question->path, "{id}") != NULL));
  g_return_if_fail (request == NULL || ((PgmRecord *) request)->type == question->request);

  PGM_ENGINE_GET_IFACE (self)->ask_async (self, ask, id, request, cancellable, callback, user_data);
}

gpointer
pgm_engine_ask_finish (PgmEngine *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (PGM_IS_ENGINE (self), NULL);

  return PGM_ENGINE_GET_IFACE (self)->ask_finish (self, result, error);
}

PgmSnapshot *
pgm_engine_ref_snapshot (PgmEngine *self, const char *job_id)
{
  g_return_val_if_fail (PGM_IS_ENGINE (self) && job_id != NULL, NULL);

  return PGM_ENGINE_GET_IFACE (self)->ref_snapshot (self, job_id);
}

PgmReport *
pgm_engine_ref_report (PgmEngine *self, const char *job_id)
{
  g_return_val_if_fail (PGM_IS_ENGINE (self) && job_id != NULL, NULL);

  return PGM_ENGINE_GET_IFACE (self)->ref_report (self, job_id);
}

void
pgm_engine_start_sample_async (PgmEngine *self,
                               PgmSampleSpec *spec,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_return_if_fail (PGM_IS_ENGINE (self) && spec != NULL);

  PGM_ENGINE_GET_IFACE (self)->start_sample_async (self, spec, cancellable, callback, user_data);
}

PgmSample *
pgm_engine_start_sample_finish (PgmEngine *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (PGM_IS_ENGINE (self), NULL);

  return PGM_ENGINE_GET_IFACE (self)->start_sample_finish (self, result, error);
}

void
pgm_engine_stop_sample_async (PgmEngine *self,
                              const char *sample_id,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  g_return_if_fail (PGM_IS_ENGINE (self) && sample_id != NULL);

  PGM_ENGINE_GET_IFACE (self)->stop_sample_async (self, sample_id, cancellable, callback,
                                                  user_data);
}

gboolean
pgm_engine_stop_sample_finish (PgmEngine *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (PGM_IS_ENGINE (self), FALSE);

  return PGM_ENGINE_GET_IFACE (self)->stop_sample_finish (self, result, error);
}

void
pgm_engine_write_sample_async (PgmEngine *self,
                               const char *sample_id,
                               int writers,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_return_if_fail (PGM_IS_ENGINE (self) && sample_id != NULL);

  PGM_ENGINE_GET_IFACE (self)->write_sample_async (self, sample_id, writers, cancellable, callback,
                                                   user_data);
}

PgmSampleActivity *
pgm_engine_write_sample_finish (PgmEngine *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (PGM_IS_ENGINE (self), NULL);

  return PGM_ENGINE_GET_IFACE (self)->write_sample_finish (self, result, error);
}
