#include "engine/samples.h"

#include "demo/sample.h"
#include "demo/writers.h"

typedef struct
{
  PgmSample *sample;
  PgmWriters *writers; /* NULL: nobody writes */
} Entry;

struct _PgmSamples
{
  GMutex lock;
  GHashTable *entries; /* id -> Entry */
};

static void
entry_free (gpointer data)
{
  Entry *entry = data;

  g_clear_pointer (&entry->writers, pgm_writers_free);
  pgm_record_unref (entry->sample);
  g_free (entry);
}

PgmSamples *
pgm_samples_new (void)
{
  PgmSamples *self = g_new0 (PgmSamples, 1);

  g_mutex_init (&self->lock);
  self->entries = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, entry_free);
  return self;
}

void
pgm_samples_free (PgmSamples *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->entries);
  g_mutex_clear (&self->lock);
  g_free (self);
}

static Entry *
find_locked (PgmSamples *self, const char *id, GError **error)
{
  Entry *entry = g_hash_table_lookup (self->entries, id);

  if (entry == NULL)
    pgm_error_set (error, PGM_ERROR_NOT_FOUND, "there is no sample \"%s\"", id);
  return entry;
}

PgmSample *
pgm_samples_start (PgmSamples *self,
                   const PgmSampleSpec *spec,
                   GCancellable *cancellable,
                   GError **error)
{
  PgmSample *sample = pgm_sample_start (spec, cancellable, error);
  Entry *entry;

  if (sample == NULL)
    return NULL;
  entry = g_new0 (Entry, 1);
  entry->sample = pgm_record_ref (sample);
  g_mutex_lock (&self->lock);
  g_hash_table_insert (self->entries, g_strdup (sample->id), entry);
  g_mutex_unlock (&self->lock);
  return sample;
}

gboolean
pgm_samples_stop (PgmSamples *self, const char *id, GCancellable *cancellable, GError **error)
{
  PgmSample *sample = NULL;
  gboolean stopped;
  Entry *entry;

  g_mutex_lock (&self->lock);
  entry = find_locked (self, id, error);
  if (entry != NULL)
    {
      g_clear_pointer (&entry->writers, pgm_writers_free);
      sample = pgm_record_ref (entry->sample);
    }
  g_mutex_unlock (&self->lock);
  if (sample == NULL)
    return FALSE;
  stopped = pgm_sample_stop (sample, cancellable, error);
  if (stopped)
    {
      g_mutex_lock (&self->lock);
      g_hash_table_remove (self->entries, id);
      g_mutex_unlock (&self->lock);
    }
  pgm_record_unref (sample);
  return stopped;
}

PgmSampleActivity *
pgm_samples_write (PgmSamples *self, const char *id, int writers, GError **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  Entry *entry = find_locked (self, id, error);
  PgmSampleActivity *activity;

  if (entry == NULL)
    return NULL;
  if (entry->writers == NULL && writers > 0)
    {
      entry->writers = pgm_writers_start (entry->sample, (guint) writers, error);
      return entry->writers != NULL ? pgm_writers_look (entry->writers) : NULL;
    }
  if (entry->writers == NULL)
    return pgm_record_new (&pgm_sample_activity_type);
  if (writers != 0)
    return pgm_writers_look (entry->writers);
  activity = pgm_writers_stop (entry->writers);
  g_clear_pointer (&entry->writers, pgm_writers_free);
  return activity;
}
