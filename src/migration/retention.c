#include "config.h"

#include "migration/retention.h"

#include "core/units.h"

#define LOOK_US (2 * G_USEC_PER_SEC)

/* Of the rate's memory: what is ten seconds old counts a third. */
#define SMOOTH_SECONDS 10.0

struct _PgmRetention
{
  PgmEnds *ends; /* borrowed */
  PgmEnd end;
  char *slot;
  PgmProgress *progress;
  GThread *thread;
  GCancellable *stop;
  GMutex lock;
  GCond stopped;
  PgmLsn wal_end; /* atomic */
};

/* The room gets less by what is written, and more by what is confirmed. */
static void
note_rate (PgmRetentionNotes *notes, const PgmSlot *slot, gint64 now_us)
{
  double seconds = (double) (now_us - notes->last_us) / G_USEC_PER_SEC;
  double rate;
  double weight;

  if (notes->last_us == 0 || slot->safe_wal_size < 0 || seconds <= 0)
    {
      notes->rate = -1;
      return;
    }
  rate = MAX ((double) (notes->last_safe - slot->safe_wal_size) / seconds, 0);
  weight = notes->rate < 0 ? 1 : MIN (seconds / SMOOTH_SECONDS, 1);
  notes->rate = MAX (notes->rate, 0) * (1 - weight) + rate * weight;
}

static void
warn_bytes (PgmRetentionNotes *notes, const PgmSlot *slot, PgmProgress *progress)
{
  static const guint64 steps[] = { (guint64) 1 << 30, (guint64) 10 << 30, (guint64) 100 << 30 };
  guint step = 0;

  while (step < G_N_ELEMENTS (steps) && slot->retained_bytes >= steps[step])
    step++;
  if (step > notes->bytes_warned)
    {
      g_autofree char *size = pgm_format_bytes (slot->retained_bytes);

      pgm_progress_event (progress, "warning",
                          "the slot keeps back %s of WAL on its server; the disk there must have"
                          " room for it",
                          size);
    }
  notes->bytes_warned = MAX (notes->bytes_warned, step);
}

/* Halves, quarters and tenths of max_slot_wal_keep_size. */
static void
warn_limit (PgmRetentionNotes *notes, const PgmSlot *slot, double seconds, PgmProgress *progress)
{
  static const double shares[] = { 0.5, 0.25, 0.1 };
  double whole = (double) slot->retained_bytes + (double) slot->safe_wal_size;
  guint step = 0;

  if (slot->safe_wal_size < 0 || whole <= 0)
    return;
  while (step < G_N_ELEMENTS (shares) && (double) slot->safe_wal_size <= shares[step] * whole)
    step++;
  if (step > notes->limit_warned)
    {
      g_autofree char *left = pgm_format_bytes ((guint64) slot->safe_wal_size);
      g_autofree char *time = seconds >= 0 ? pgm_format_duration (seconds) : g_strdup ("unknown");

      pgm_progress_event (progress, "warning",
                          "the slot will be lost after %s more of WAL (max_slot_wal_keep_size);"
                          " time left at the present rate: %s",
                          left, time);
    }
  /* It may get better and then worse again. */
  notes->limit_warned = step;
}

static void
warn_xmin (PgmRetentionNotes *notes, const PgmSlot *slot, PgmProgress *progress)
{
  static const gint64 steps[] = { 10000000, 100000000, 500000000, 1000000000 };
  guint step = 0;

  while (step < G_N_ELEMENTS (steps) && slot->catalog_xmin_age >= steps[step])
    step++;
  if (step > notes->xmin_warned)
    pgm_progress_event (progress, "warning",
                        "the slot keeps VACUUM from the catalog rows of the last %" G_GINT64_FORMAT
                        " transactions",
                        slot->catalog_xmin_age);
  notes->xmin_warned = MAX (notes->xmin_warned, step);
}

static void
warn_status (PgmRetentionNotes *notes, const PgmSlot *slot, PgmProgress *progress)
{
  const char *status = slot->wal_status != NULL ? slot->wal_status : "";

  if (g_str_equal (status, notes->status))
    return;
  g_strlcpy (notes->status, status, sizeof notes->status);
  if (g_str_equal (status, "unreserved"))
    pgm_progress_event (progress, "warning",
                        "the slot's WAL is no longer kept (wal_status unreserved): it is lost at"
                        " the next checkpoint unless it is caught up with before");
  else if (g_str_equal (status, "lost"))
    pgm_progress_event (progress, "warning", "the slot is lost: its WAL was removed%s%s",
                        slot->invalidation_reason != NULL ? ", reason: " : "",
                        slot->invalidation_reason != NULL ? slot->invalidation_reason : "");
}

void
pgm_retention_note (PgmRetentionNotes *notes,
                    const PgmSlot *slot,
                    gint64 now_us,
                    PgmProgress *progress,
                    PgmProgressRetention *retention)
{
  note_rate (notes, slot, now_us);
  notes->last_us = now_us;
  notes->last_safe = slot->safe_wal_size;
  *retention = (PgmProgressRetention){
    .bytes = slot->retained_bytes,
    .limit = slot->safe_wal_size,
    .seconds = notes->rate >= 1 ? (double) slot->safe_wal_size / notes->rate : -1,
    .xmin_age = slot->catalog_xmin_age,
    .status = slot->wal_status,
  };
  if (progress == NULL)
    return;
  warn_bytes (notes, slot, progress);
  warn_limit (notes, slot, retention->seconds, progress);
  warn_xmin (notes, slot, progress);
  warn_status (notes, slot, progress);
}

static gboolean
look (PgmRetention *self, PgmConnection *connection, PgmRetentionNotes *notes)
{
  g_autoptr (PgmSlot) slot = NULL;
  g_autofree char *wal_end = NULL;
  PgmProgressRetention retention;
  PgmLsn lsn = 0;

  wal_end = pgm_connection_query_value (
      connection,
      "SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()"
      " ELSE pg_current_wal_lsn() END",
      0, NULL, self->stop, NULL);
  if (wal_end == NULL || !pgm_lsn_parse (wal_end, &lsn, NULL))
    return FALSE;
  __atomic_store_n (&self->wal_end, lsn, __ATOMIC_RELEASE);
  if (!pgm_slot_read (connection, self->slot, &slot, self->stop, NULL))
    return FALSE;
  if (slot == NULL)
    return TRUE;
  pgm_retention_note (notes, slot, g_get_monotonic_time (), self->progress, &retention);
  pgm_progress_set_retention (self->progress, &retention);
  return TRUE;
}

static gpointer
retention_main (gpointer data)
{
  PgmRetention *self = data;
  PgmConnection *connection = NULL;
  PgmRetentionNotes notes = { .rate = -1 };

  g_mutex_lock (&self->lock);
  while (!g_cancellable_is_cancelled (self->stop))
    {
      g_mutex_unlock (&self->lock);
      if (connection == NULL)
        connection = pgm_ends_connect (self->ends, self->end, "retention", self->stop, NULL);
      if (connection != NULL && !look (self, connection, &notes))
        g_clear_pointer (&connection, pgm_connection_free);
      g_mutex_lock (&self->lock);
      if (!g_cancellable_is_cancelled (self->stop))
        g_cond_wait_until (&self->stopped, &self->lock, g_get_monotonic_time () + LOOK_US);
    }
  g_mutex_unlock (&self->lock);
  g_clear_pointer (&connection, pgm_connection_free);
  return NULL;
}

PgmRetention *
pgm_retention_start (PgmEnds *ends, PgmEnd end, const char *slot, PgmProgress *progress)
{
  PgmRetention *self = g_new0 (PgmRetention, 1);

  self->ends = ends;
  self->end = end;
  self->slot = g_strdup (slot);
  self->progress = pgm_progress_ref (progress);
  self->stop = g_cancellable_new ();
  g_mutex_init (&self->lock);
  g_cond_init (&self->stopped);
  self->thread = g_thread_new ("retention", retention_main, self);
  return self;
}

void
pgm_retention_free (PgmRetention *self)
{
  if (self == NULL)
    return;
  g_cancellable_cancel (self->stop);
  g_mutex_lock (&self->lock);
  g_cond_signal (&self->stopped);
  g_mutex_unlock (&self->lock);
  g_thread_join (self->thread);
  g_object_unref (self->stop);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->stopped);
  pgm_progress_unref (self->progress);
  g_free (self->slot);
  g_free (self);
}

PgmLsn
pgm_retention_get_wal_end (PgmRetention *self)
{
  return self != NULL ? __atomic_load_n (&self->wal_end, __ATOMIC_ACQUIRE) : 0;
}
