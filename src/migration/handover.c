#include "migration/handover-private.h"

#include "core/failpoint.h"

PgmHandover *
pgm_handover_new (const PgmHandoverOptions *options)
{
  PgmHandover *self = g_new0 (PgmHandover, 1);

  self->options = *options;
  self->sequences = g_ptr_array_new_with_free_func ((GDestroyNotify) pgm_handover_sequence_free);
  self->unlogged = g_ptr_array_new ();
  return self;
}

void
pgm_handover_free (PgmHandover *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->sequences);
  g_ptr_array_unref (self->unlogged);
  g_clear_pointer (&self->objects, g_hash_table_unref);
  g_free (self);
}

gboolean
pgm_handover_prepare (PgmHandover *self,
                      PgmConnection *from,
                      PgmConnection *to,
                      GCancellable *cancellable,
                      GError **error)
{
  return pgm_handover_tables_prepare (self, from, to, cancellable, error) &&
         pgm_handover_sequences_prepare (self, from, to, cancellable, error) &&
         pgm_handover_objects_prepare (self, from, to, cancellable, error) &&
         pgm_handover_ready_prepare (self, from, to, cancellable, error);
}

gboolean
pgm_handover_run (PgmHandover *self,
                  PgmConnection *from,
                  PgmConnection *to,
                  GCancellable *cancellable,
                  GError **error)
{
  return PGM_FAILPOINT ("handover.run", error) &&
         pgm_handover_sequences_run (self, from, to, cancellable, error) &&
         pgm_handover_objects_run (self, from, to, cancellable, error) &&
         pgm_handover_tables_run (self, from, to, cancellable, error);
}

void
pgm_handover_finish (PgmHandover *self,
                     PgmConnection *to,
                     PgmReport *report,
                     GCancellable *cancellable)
{
  pgm_handover_refresh_views (self, to, report, cancellable);
}

guint
pgm_handover_get_sequences (PgmHandover *self)
{
  return self->sequences->len;
}

char *
pgm_handover_describe (PgmHandover *self)
{
  return g_strdup_printf ("%u sequences, %u large objects, %u unlogged tables",
                          self->sequences->len, self->objects_copied, self->unlogged->len);
}
