#include "migration/progress.h"

#include "core/units.h"

#include <math.h>

/* What is kept; older ones are in the journal. */
#define MAX_EVENTS 200
#define MAX_ERRORS 100

/* Rates are over this long, from at most this many samples. */
#define WINDOW_US     (5 * G_USEC_PER_SEC)
#define MIN_SAMPLE_US (G_USEC_PER_SEC / 10)
#define MAX_SAMPLES   64

/* The share of the work that must be done before the time left is guessed. */
#define MIN_SHARE 0.005

/* What a table or an index weighs in the whole job. A table costs something even
 * when it is empty; all indexes together are taken for a third of the copy. */
#define TABLE_WEIGHT 8192.0
#define INDEX_SHARE  0.33

typedef struct
{
  PgmProgressCounters counters;
  char *schema;
  char *name;
  gint64 rows_estimate;
  guint64 size_bytes;
  PgmTableStatus status;
  gint64 started_us; /* monotonic; 0: not yet */
  gint64 ended_us;
  PgmTableProgress *composed; /* the newest picture; shared with snapshots */
} Table;

typedef struct
{
  PgmPhase phase;
  gint64 started_at; /* wall clock */
  gint64 ended_at;
  gint64 started_us; /* monotonic */
  gint64 ended_us;
} Phase;

typedef struct
{
  gint64 time_us;
  guint64 rows;
  guint64 bytes;
  double weight;
} Sample;

struct _PgmProgress
{
  gatomicrefcount ref_count;
  char *job_id;
  char *kind;
  PgmJournal *journal;
  gint64 started_us;

  GMutex lock;       /* everything below */
  GPtrArray *tables; /* Table: each of its own, so that counters never move */
  GArray *phases;    /* Phase */
  GPtrArray *events; /* PgmEvent */
  GPtrArray *errors; /* PgmErrorEntry */
  char *activity;
  char *last_error;
  gint64 error_count;
  gint64 indexes_total;
  gint64 indexes_done;
  PgmProgressStream stream;
  PgmProgressRetention retention; /* its status is ours */
  char *slot_status;
  PgmCutoverReport *cutover;
  PgmVerification *verification;
  guint64 units_done;
  guint64 units_total;
  double percent;         /* never goes back while a job gets on */
  gint64 work_started_us; /* when the first weight was seen */
  double work_started_weight;
  Sample samples[MAX_SAMPLES]; /* a ring, oldest first */
  guint first_sample;
  guint n_samples;
};

static void
table_free (gpointer data)
{
  Table *self = data;

  g_free (self->schema);
  g_free (self->name);
  g_clear_pointer (&self->composed, pgm_record_unref);
  g_free (self);
}

PgmProgress *
pgm_progress_new (const char *job_id, const char *kind, PgmJournal *journal)
{
  PgmProgress *self = g_new0 (PgmProgress, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->job_id = g_strdup (job_id);
  self->kind = g_strdup (kind);
  if (journal != NULL)
    self->journal = g_object_ref (journal);
  self->started_us = g_get_monotonic_time ();
  self->retention = (PgmProgressRetention){ .limit = -1, .seconds = -1 };
  g_mutex_init (&self->lock);
  self->tables = g_ptr_array_new_with_free_func (table_free);
  self->phases = g_array_new (FALSE, TRUE, sizeof (Phase));
  self->events = g_ptr_array_new_with_free_func (pgm_record_unref);
  self->errors = g_ptr_array_new_with_free_func (pgm_record_unref);
  return self;
}

PgmProgress *
pgm_progress_ref (PgmProgress *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
pgm_progress_unref (PgmProgress *self)
{
  if (self == NULL || !g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_ptr_array_unref (self->tables);
  g_array_unref (self->phases);
  g_ptr_array_unref (self->events);
  g_ptr_array_unref (self->errors);
  g_clear_object (&self->journal);
  g_mutex_clear (&self->lock);
  pgm_record_unref (self->cutover);
  pgm_record_unref (self->verification);
  g_free (self->slot_status);
  g_free (self->activity);
  g_free (self->last_error);
  g_free (self->job_id);
  g_free (self->kind);
  g_free (self);
}

static PgmPhase
current_phase_locked (const PgmProgress *self)
{
  if (self->phases->len == 0)
    return PGM_PHASE_IDLE;
  return g_array_index (self->phases, Phase, self->phases->len - 1).phase;
}

static void
add_bounded (GPtrArray *records, gpointer record, guint limit)
{
  if (records->len == limit)
    g_ptr_array_remove_index (records, 0);
  g_ptr_array_add (records, record);
}

static void
add_event_locked (PgmProgress *self, const char *type, const char *message)
{
  PgmEvent *event = pgm_record_new (&pgm_event_type);

  event->time = g_get_real_time ();
  event->type = g_strdup (type);
  event->message = g_strdup (message);
  add_bounded (self->events, event, MAX_EVENTS);
}

static gboolean
is_last_phase (PgmPhase phase)
{
  return phase == PGM_PHASE_DONE || phase == PGM_PHASE_FAILED || phase == PGM_PHASE_STOPPED;
}

/* FALSE when the job is in @phase already. */
static gboolean
enter_phase_locked (PgmProgress *self, PgmPhase phase)
{
  Phase entered = { .phase = phase,
                    .started_at = g_get_real_time (),
                    .started_us = g_get_monotonic_time () };

  if (self->phases->len > 0)
    {
      Phase *last = &g_array_index (self->phases, Phase, self->phases->len - 1);

      if (last->phase == phase)
        return FALSE;
      last->ended_at = entered.started_at;
      last->ended_us = entered.started_us;
    }
  if (is_last_phase (phase))
    {
      entered.ended_at = entered.started_at;
      entered.ended_us = entered.started_us;
    }
  g_array_append_val (self->phases, entered);
  g_clear_pointer (&self->activity, g_free);
  add_event_locked (self, "phase", pgm_phase_names[phase]);
  return TRUE;
}

/* The journal is called without the lock, here and below. */
void
pgm_progress_set_phase (PgmProgress *self, PgmPhase phase)
{
  gboolean entered;

  g_mutex_lock (&self->lock);
  entered = enter_phase_locked (self, phase);
  g_mutex_unlock (&self->lock);
  if (!entered)
    return;
  pgm_journal_phase (self->journal, self->job_id, phase);
  pgm_journal_event (self->journal, self->job_id, "phase", pgm_phase_names[phase]);
}

PgmPhase
pgm_progress_get_phase (PgmProgress *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return current_phase_locked (self);
}

void
pgm_progress_set_activity (PgmProgress *self, const char *format, ...)
{
  va_list arguments;
  char *activity;

  va_start (arguments, format);
  activity = g_strdup_vprintf (format, arguments);
  va_end (arguments);

  g_mutex_lock (&self->lock);
  g_free (self->activity);
  self->activity = activity;
  g_mutex_unlock (&self->lock);
}

void
pgm_progress_event (PgmProgress *self, const char *type, const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list arguments;

  va_start (arguments, format);
  message = g_strdup_vprintf (format, arguments);
  va_end (arguments);

  g_mutex_lock (&self->lock);
  add_event_locked (self, type, message);
  g_mutex_unlock (&self->lock);
  pgm_journal_event (self->journal, self->job_id, type, message);
}

void
pgm_progress_error (PgmProgress *self, const GError *error, gboolean retryable)
{
  PgmErrorEntry *entry = pgm_record_new (&pgm_error_entry_type);

  entry->time = g_get_real_time ();
  entry->message = g_strdup (error->message);
  entry->retryable = retryable;

  g_mutex_lock (&self->lock);
  entry->phase = (int) current_phase_locked (self);
  add_bounded (self->errors, entry, MAX_ERRORS);
  add_event_locked (self, "error", error->message);
  self->error_count++;
  g_free (self->last_error);
  self->last_error = g_strdup (error->message);
  g_mutex_unlock (&self->lock);
  pgm_journal_event (self->journal, self->job_id, "error", error->message);
}

guint
pgm_progress_add_table (PgmProgress *self,
                        const char *schema,
                        const char *name,
                        gint64 rows_estimate,
                        guint64 size_bytes)
{
  Table *table = g_new0 (Table, 1);
  guint index;

  table->schema = g_strdup (schema);
  table->name = g_strdup (name);
  table->rows_estimate = rows_estimate;
  table->size_bytes = size_bytes;
  table->status = PGM_TABLE_PENDING;

  g_mutex_lock (&self->lock);
  index = self->tables->len;
  g_ptr_array_add (self->tables, table);
  g_mutex_unlock (&self->lock);
  return index;
}

void
pgm_progress_begin_again (PgmProgress *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  g_ptr_array_set_size (self->tables, 0);
  self->indexes_total = self->indexes_done = 0;
  self->units_done = self->units_total = 0;
  self->percent = 0;
  self->work_started_us = 0;
  self->work_started_weight = 0;
  self->first_sample = self->n_samples = 0;
}

gboolean
pgm_progress_has_tables (PgmProgress *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return self->tables->len > 0;
}

PgmProgressCounters *
pgm_progress_get_counters (PgmProgress *self, guint table)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  g_return_val_if_fail (table < self->tables->len, NULL);

  return &((Table *) g_ptr_array_index (self->tables, table))->counters;
}

static gboolean
table_is_copied (const Table *self)
{
  return self->status == PGM_TABLE_COPIED || self->status == PGM_TABLE_STREAMING;
}

/* How much of it is there, 0..1. The estimate of rows is the planner's and may
 * be far off or missing; size tells then. Only a finished table is whole. */
static double
table_fraction (const Table *self, guint64 rows, guint64 bytes)
{
  double fraction = 0;

  if (table_is_copied (self))
    return 1;
  if (self->rows_estimate > 0)
    fraction = (double) rows / (double) self->rows_estimate;
  else if (self->size_bytes > 0)
    fraction = (double) bytes / (double) self->size_bytes;
  return MIN (fraction, 0.99);
}

static double
table_seconds (const Table *self, gint64 now)
{
  if (self->started_us == 0)
    return 0;
  return (double) ((self->ended_us != 0 ? self->ended_us : now) - self->started_us) /
         G_USEC_PER_SEC;
}

static PgmTableProgress *
table_compose (const Table *self, guint64 rows, guint64 bytes, gint64 now)
{
  PgmTableProgress *record = pgm_record_new (&pgm_table_progress_type);

  record->schema = g_strdup (self->schema);
  record->name = g_strdup (self->name);
  record->status = (int) self->status;
  record->rows_total = self->rows_estimate;
  record->rows_copied = rows;
  record->size_bytes = self->size_bytes;
  record->bytes_copied = bytes;
  record->percent = round (table_fraction (self, rows, bytes) * 1000) / 10;
  record->elapsed_sec = table_seconds (self, now);
  return record;
}

/* The picture of before is still right unless the table is under way. */
static PgmTableProgress *
table_ref_composed (Table *self, guint64 rows, guint64 bytes, gint64 now)
{
  PgmTableProgress *last = self->composed;

  if (last == NULL || self->status == PGM_TABLE_COPYING || last->status != (int) self->status ||
      last->rows_copied != rows || last->bytes_copied != bytes)
    {
      g_clear_pointer (&self->composed, pgm_record_unref);
      self->composed = table_compose (self, rows, bytes, now);
    }
  return pgm_record_ref (self->composed);
}

static PgmTableProgress *
ref_table_locked (Table *table, gint64 now)
{
  guint64 rows = __atomic_load_n (&table->counters.rows, __ATOMIC_RELAXED);
  guint64 bytes = __atomic_load_n (&table->counters.bytes, __ATOMIC_RELAXED);

  return table_ref_composed (table, rows, bytes, now);
}

static PgmTableProgress *
set_table_status_locked (PgmProgress *self, guint index, PgmTableStatus status)
{
  Table *table;
  gint64 now = g_get_monotonic_time ();

  g_return_val_if_fail (index < self->tables->len, NULL);

  table = g_ptr_array_index (self->tables, index);
  if (table->status == status)
    return NULL;
  table->status = status;
  if (status == PGM_TABLE_COPYING && table->started_us == 0)
    table->started_us = now;
  if (table_is_copied (table) && table->started_us != 0 && table->ended_us == 0)
    table->ended_us = now;
  return ref_table_locked (table, now);
}

void
pgm_progress_table_status (PgmProgress *self, guint table, PgmTableStatus status)
{
  PgmTableProgress *changed;

  g_mutex_lock (&self->lock);
  changed = set_table_status_locked (self, table, status);
  g_mutex_unlock (&self->lock);
  if (changed == NULL)
    return;
  pgm_journal_table (self->journal, self->job_id, changed);
  pgm_record_unref (changed);
}

void
pgm_progress_table_reset (PgmProgress *self, guint index)
{
  PgmTableProgress *changed;
  Table *table;

  g_mutex_lock (&self->lock);
  if (index >= self->tables->len)
    {
      g_mutex_unlock (&self->lock);
      g_return_if_reached ();
    }
  table = g_ptr_array_index (self->tables, index);
  __atomic_store_n (&table->counters.rows, 0, __ATOMIC_RELAXED);
  __atomic_store_n (&table->counters.bytes, 0, __ATOMIC_RELAXED);
  table->status = PGM_TABLE_PENDING;
  table->started_us = 0;
  table->ended_us = 0;
  changed = ref_table_locked (table, g_get_monotonic_time ());
  g_mutex_unlock (&self->lock);
  pgm_journal_table (self->journal, self->job_id, changed);
  pgm_record_unref (changed);
}

void
pgm_progress_set_indexes (PgmProgress *self, gint64 total)
{
  g_mutex_lock (&self->lock);
  self->indexes_total = total;
  g_mutex_unlock (&self->lock);
}

void
pgm_progress_index_done (PgmProgress *self)
{
  g_mutex_lock (&self->lock);
  self->indexes_done++;
  g_mutex_unlock (&self->lock);
}

void
pgm_progress_set_units (PgmProgress *self, guint64 done, guint64 total)
{
  g_mutex_lock (&self->lock);
  self->units_done = done;
  self->units_total = total;
  g_mutex_unlock (&self->lock);
}

/* Sums made on the way over the tables. */
typedef struct
{
  double weight_done;
  double weight_total;
} Work;

static void
compose_tables_locked (PgmProgress *self, PgmSnapshot *snapshot, Work *work, gint64 now)
{
  g_ptr_array_set_size (snapshot->tables, (int) self->tables->len);
  for (guint i = 0; i < self->tables->len; i++)
    {
      Table *table = g_ptr_array_index (self->tables, i);
      guint64 rows = __atomic_load_n (&table->counters.rows, __ATOMIC_RELAXED);
      guint64 bytes = __atomic_load_n (&table->counters.bytes, __ATOMIC_RELAXED);
      double weight = (double) table->size_bytes + TABLE_WEIGHT;

      snapshot->total_rows += rows;
      snapshot->total_bytes += bytes;
      snapshot->tables_copied += table_is_copied (table);
      work->weight_total += weight;
      work->weight_done += weight * table_fraction (table, rows, bytes);
      g_ptr_array_index (snapshot->tables, i) = table_ref_composed (table, rows, bytes, now);
    }
  snapshot->tables_total = (gint64) self->tables->len;
}

static void
weigh_work_locked (PgmProgress *self, Work *work)
{
  if (self->units_total > 0)
    {
      work->weight_total = (double) self->units_total;
      work->weight_done = (double) MIN (self->units_done, self->units_total);
    }
  else if (self->indexes_total > 0)
    {
      double share = MAX (work->weight_total, TABLE_WEIGHT) * INDEX_SHARE;
      gint64 done = MIN (self->indexes_done, self->indexes_total);

      work->weight_total += share;
      work->weight_done += share * (double) done / (double) self->indexes_total;
    }
}

static Sample *
sample_at (PgmProgress *self, guint index)
{
  return &self->samples[(self->first_sample + index) % MAX_SAMPLES];
}

static void
drop_oldest_sample (PgmProgress *self)
{
  self->first_sample = (self->first_sample + 1) % MAX_SAMPLES;
  self->n_samples--;
}

/* Keeps the window: the oldest sample is the youngest that is WINDOW_US old.
 * Being asked often must not shorten it, so samples too close are not kept. */
static void
add_sample_locked (PgmProgress *self, const Sample *sample)
{
  if (self->n_samples > 0 &&
      sample->time_us - sample_at (self, self->n_samples - 1)->time_us < MIN_SAMPLE_US)
    return;
  while (self->n_samples > 1 && sample->time_us - sample_at (self, 1)->time_us >= WINDOW_US)
    drop_oldest_sample (self);
  if (self->n_samples == MAX_SAMPLES)
    drop_oldest_sample (self);
  *sample_at (self, self->n_samples++) = *sample;
}

static double
rate_of (double now, double before, double seconds)
{
  /* A table that was taken back makes a sum go down: that is no rate. */
  return seconds > 0 && now > before ? (now - before) / seconds : 0;
}

/* From the window; while nothing ends in it (one large index), from the whole
 * time that there was work. */
static double
compose_eta_locked (PgmProgress *self, const Work *work, double window_rate, gint64 now)
{
  double rate = window_rate;
  double remaining = work->weight_total - work->weight_done;

  /* From next to nothing anything may follow: "left: 1 d 07 h", and done at once. */
  if (work->weight_done - self->work_started_weight < MIN_SHARE * work->weight_total)
    return -1;
  if (rate <= 0 && self->work_started_us != 0)
    rate = rate_of (work->weight_done, self->work_started_weight,
                    (double) (now - self->work_started_us) / G_USEC_PER_SEC);
  return rate > 0 ? remaining / rate : -1;
}

static void
compose_rates_locked (PgmProgress *self, PgmSnapshot *snapshot, const Work *work, gint64 now)
{
  Sample current = { .time_us = now,
                     .rows = snapshot->total_rows,
                     .bytes = snapshot->total_bytes,
                     .weight = work->weight_done };
  const Sample *oldest;
  double seconds;

  /* Checking and making the schema is no copying: it must not make the first
   * rates, and the time left from them, look bad. */
  if (snapshot->phase >= PGM_PHASE_CONNECTING && snapshot->phase <= PGM_PHASE_SCHEMA)
    {
      self->n_samples = 0;
      self->work_started_us = 0;
    }
  if (self->work_started_us == 0 && work->weight_total > 0)
    {
      self->work_started_us = now;
      self->work_started_weight = work->weight_done;
    }
  if (self->n_samples == 0)
    add_sample_locked (self, &current);
  oldest = sample_at (self, 0);
  seconds = (double) (now - oldest->time_us) / G_USEC_PER_SEC;
  snapshot->rows_per_sec = rate_of ((double) current.rows, (double) oldest->rows, seconds);
  snapshot->bytes_per_sec = rate_of ((double) current.bytes, (double) oldest->bytes, seconds);
  snapshot->eta_sec =
      compose_eta_locked (self, work, rate_of (current.weight, oldest->weight, seconds), now);
  add_sample_locked (self, &current);
}

/* The share of the work that is done. It never goes back, and only a job that is
 * done shows 100. */
static void
compose_percent_locked (PgmProgress *self, PgmSnapshot *snapshot, const Work *work)
{
  if (work->weight_total > 0)
    self->percent = CLAMP (100 * work->weight_done / work->weight_total, self->percent, 99.9);
  if (snapshot->phase == PGM_PHASE_DONE)
    {
      self->percent = 100;
      snapshot->eta_sec = 0;
    }
  else if (snapshot->phase == PGM_PHASE_FAILED || snapshot->phase == PGM_PHASE_STOPPED)
    snapshot->eta_sec = -1;
  snapshot->percent = self->percent;
}

static void
compose_phases_locked (PgmProgress *self, PgmSnapshot *snapshot, gint64 now)
{
  for (guint i = 0; i < self->phases->len; i++)
    {
      const Phase *phase = &g_array_index (self->phases, Phase, i);
      PgmPhaseEntry *entry = pgm_record_new (&pgm_phase_entry_type);

      entry->phase = (int) phase->phase;
      entry->started_at = phase->started_at;
      entry->ended_at = phase->ended_at;
      entry->duration_sec =
          (double) ((phase->ended_us != 0 ? phase->ended_us : now) - phase->started_us) /
          G_USEC_PER_SEC;
      g_ptr_array_add (snapshot->phases, entry);
    }
}

static gpointer
ref_record (gconstpointer record, gpointer user_data)
{
  return pgm_record_ref ((gpointer) (guintptr) record);
}

static void
share_records (GPtrArray *to, GPtrArray *from)
{
  g_ptr_array_extend (to, from, ref_record, NULL);
}

/* The clock of a job that ended stands still. */
static gint64
job_time_locked (const PgmProgress *self)
{
  if (is_last_phase (current_phase_locked (self)))
    return g_array_index (self->phases, Phase, self->phases->len - 1).ended_us;
  return g_get_monotonic_time ();
}

void
pgm_progress_set_stream (PgmProgress *self, const PgmProgressStream *stream)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  self->stream = *stream;
}

void
pgm_progress_set_retention (PgmProgress *self, const PgmProgressRetention *retention)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  self->retention = *retention;
  g_free (self->slot_status);
  self->slot_status = g_strdup (retention->status);
}

void
pgm_progress_set_cutover (PgmProgress *self, PgmCutoverReport *cutover)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  pgm_record_unref (self->cutover);
  self->cutover = pgm_record_ref (cutover);
}

void
pgm_progress_set_verification (PgmProgress *self, PgmVerification *verification)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  pgm_record_unref (self->verification);
  self->verification = pgm_record_ref (verification);
}

static void
compose_stream_locked (PgmProgress *self, PgmSnapshot *snapshot)
{
  const PgmProgressStream *stream = &self->stream;

  snapshot->applied_lsn = stream->applied_lsn;
  snapshot->confirmed_lsn = stream->confirmed_lsn;
  snapshot->lag_bytes = stream->lag_bytes;
  snapshot->lag_formatted = pgm_format_bytes (stream->lag_bytes);
  snapshot->lag_sec = stream->lag_sec;
  snapshot->transactions = stream->transactions;
  snapshot->changes = stream->changes;
  snapshot->retained_bytes = self->retention.bytes;
  snapshot->retained_limit = self->retention.limit;
  snapshot->retained_sec = self->retention.seconds;
  snapshot->xmin_age = self->retention.xmin_age;
  snapshot->slot_status = g_strdup (self->slot_status);
  if (self->cutover != NULL)
    snapshot->cutover = pgm_record_ref (self->cutover);
  if (self->verification != NULL)
    snapshot->verification = pgm_record_ref (self->verification);
}

PgmSnapshot *
pgm_progress_compose (PgmProgress *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  PgmSnapshot *snapshot = pgm_record_new (&pgm_snapshot_type);
  gint64 now = job_time_locked (self);
  Work work = { 0 };

  snapshot->job_id = g_strdup (self->job_id);
  snapshot->kind = g_strdup (self->kind);
  snapshot->timestamp = g_get_real_time ();
  snapshot->phase = (int) current_phase_locked (self);
  snapshot->elapsed_sec = (double) (now - self->started_us) / G_USEC_PER_SEC;
  compose_stream_locked (self, snapshot);
  snapshot->activity = g_strdup (self->activity);
  snapshot->indexes_total = self->indexes_total;
  snapshot->indexes_done = self->indexes_done;
  snapshot->error_count = self->error_count;
  snapshot->last_error = g_strdup (self->last_error);

  compose_tables_locked (self, snapshot, &work, now);
  weigh_work_locked (self, &work);
  compose_rates_locked (self, snapshot, &work, now);
  compose_percent_locked (self, snapshot, &work);
  compose_phases_locked (self, snapshot, now);
  share_records (snapshot->events, self->events);
  share_records (snapshot->error_history, self->errors);
  return snapshot;
}
