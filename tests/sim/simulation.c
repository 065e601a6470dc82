/* The deterministic simulation: receiver, channel, fold and applier between a source
 * and a destination of its own, with everything that can break breaking at moments
 * that a seed draws. See README.md. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "destination.h"
#include "fibers.h"
#include "postgres/quote.h"
#include "source.h"

#define PULSE_US     (50 * G_TIME_SPAN_MILLISECOND)
#define MAX_SESSIONS 200u

/* Seeds that are run a second time, to see that they make the same run. */
#define REPEATED 10u

typedef struct
{
  GThread *thread;
  GCancellable *stop;
  gboolean ended;
  GError *error;
} Part;

/* As migration/follow-session.c puts them together. */
typedef struct
{
  Source *source;
  Destination *destination;
  gboolean source_alive;
  gboolean destination_alive;
  Walsender *walsender;
  PgmChannel *changes;
  PgmReceiver *receiver;
  PgmReceiverRun run;
  PgmApplier *applier;
  Part receiving;
  Part applying;
  gboolean holding;
  PgmLsn copied_until;
} Session;

static gpointer
receive_main (gpointer data)
{
  Session *self = data;
  PgmReceiverStep step = PGM_RECEIVER_GOES_ON;

  while (step == PGM_RECEIVER_GOES_ON)
    step = pgm_receiver_step (&self->run, self->receiving.stop, &self->receiving.error);
  pgm_channel_close (self->changes);
  self->receiving.ended = TRUE;
  return NULL;
}

static gpointer
apply_main (gpointer data)
{
  Session *self = data;

  if (!pgm_applier_run (self->applier, self->applying.stop, &self->applying.error))
    pgm_channel_abort (self->changes);
  self->applying.ended = TRUE;
  return NULL;
}

static void
free_batch (gpointer batch)
{
  pgm_change_batch_free (batch);
}

static void
make_receiver (Session *self, PgmLsn start)
{
  PgmReceiverSource source;
  PgmAssemblerOptions assembler = { .protocol = 2,
                                    .directory = "/var/tmp",
                                    .spill_memory = fibers_chance (10) ? 64 : 0 };
  PgmReceiverOptions options = {
    .slot = "slot", .publication = "publication", .start = start, .changes = self->changes
  };

  self->walsender = walsender_new (self->source, start, &self->source_alive);
  source = walsender_get_source (self->walsender);
  self->receiver = pgm_receiver_new (&options);
  pgm_receiver_run_init (&self->run, self->receiver, &source, &assembler, 3 * G_USEC_PER_SEC);
}

static void
make_applier (Session *self)
{
  g_autoptr (GHashTable) copied = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  PgmApplierOptions options = {
    .changes = self->changes,
    .conflicts = PGM_CONFLICT_STOP,
    .copied_until = copied,
    .max_fold_changes = fibers_chance (2) ? 0 : 1 + fibers_random (12),
    .max_fold_bytes = fibers_chance (4) ? 1 + fibers_random (3000) : 0,
  };

  self->copied_until = self->source->history->copied_until;
  g_hash_table_insert (copied, pgm_quote_qualified ("s", "t3"), &self->copied_until);
  self->applier = pgm_applier_new_take (
      &options, destination_connect (self->destination, &self->destination_alive));
}

/* The way back to the origin's progress. A COMMIT of the last session may land after
 * it was read. */
static void
session_start (Session *self, Source *source, Destination *destination)
{
  PgmLsn start;

  *self = (Session){
    .source = source, .destination = destination, .source_alive = TRUE, .destination_alive = TRUE
  };
  if (fibers_chance (2))
    destination_settle (destination);
  start = destination_read_progress (destination);
  fibers_note ("session: from %lu", start);
  self->changes = pgm_channel_new (1 + fibers_random (4), 0, free_batch);
  make_receiver (self, start);
  make_applier (self);
  self->receiving.stop = g_cancellable_new ();
  self->applying.stop = g_cancellable_new ();
  self->receiving.thread = g_thread_new ("receive", receive_main, self);
  self->applying.thread = g_thread_new ("apply", apply_main, self);
}

static void
confirm (Session *self)
{
  pgm_receiver_confirm (self->receiver, pgm_applier_get_flushed (self->applier),
                        pgm_applier_get_applied (self->applier));
}

/* Somebody asks for what was applied to be durable, or for nothing to go on. */
static void
bother (Session *self)
{
  if (fibers_chance (4))
    {
      PgmLsn wanted =
          MAX (pgm_receiver_get_wanted (self->receiver), pgm_applier_get_applied (self->applier));
      if (pgm_applier_wait_flushed (self->applier, wanted,
                                    g_get_monotonic_time () + fibers_random (PULSE_US),
                                    self->applying.stop, NULL) &&
          self->destination->durable < wanted)
        fibers_fail ("%lu was said to be durable, and is not", wanted);
    }
  if (self->holding || fibers_chance (30))
    {
      self->holding = !self->holding;
      pgm_applier_hold (self->applier, self->holding ? pgm_applier_get_applied (self->applier) +
                                                           fibers_random (800)
                                                     : 0);
    }
}

/* The program dies: nothing that its threads still do reaches anybody. */
static void
break_something (Session *self)
{
  if (self->destination->faults == 0 || !fibers_chance (30))
    return;
  self->destination->faults--;
  if (fibers_chance (2))
    {
      fibers_note ("session: killed");
      self->destination_alive = FALSE;
    }
  else if (fibers_chance (2))
    source_crash (self->source);
  fibers_note ("source: connection lost");
  self->source_alive = FALSE;
}

static void
check_error (Part *part, const char *who)
{
  if (part->error != NULL && !pgm_error_is_cancelled (part->error) &&
      !g_error_matches (part->error, PGM_ERROR, PGM_ERROR_LOST))
    fibers_fail ("the %s: %s", who, part->error->message);
  g_clear_error (&part->error);
}

/* The applier first, unless all that came is to be applied. */
static void
session_end (Session *self, gboolean drain)
{
  if (!drain)
    g_cancellable_cancel (self->applying.stop);
  else
    {
      pgm_applier_hold (self->applier, 0);
      pgm_receiver_finish (self->receiver);
      g_clear_pointer (&self->receiving.thread, g_thread_join);
    }
  g_clear_pointer (&self->applying.thread, g_thread_join);
  confirm (self);
  pgm_receiver_finish (self->receiver);
  pgm_channel_abort (self->changes);
  if (fibers_chance (2))
    g_cancellable_cancel (self->receiving.stop);
  g_clear_pointer (&self->receiving.thread, g_thread_join);
  fibers_note ("session: ended, %s and %s",
               self->receiving.error != NULL ? self->receiving.error->message : "well",
               self->applying.error != NULL ? self->applying.error->message : "well");
  check_error (&self->receiving, "receiver");
  check_error (&self->applying, "applier");
}

static void
session_clear (Session *self)
{
  pgm_receiver_run_clear (&self->run);
  pgm_receiver_unref (self->receiver);
  pgm_applier_unref (self->applier);
  pgm_channel_unref (self->changes);
  walsender_free (self->walsender);
  g_object_unref (self->receiving.stop);
  g_object_unref (self->applying.stop);
}

/* TRUE when everything has arrived for good. */
static gboolean
session_run (Source *source, Destination *destination)
{
  const History *history = source->history;
  PgmLsn last = g_array_index (history->ends, PgmLsn, history->ends->len - 1);
  Session self;
  gboolean drain = FALSE;

  session_start (&self, source, destination);
  while (!self.receiving.ended && !self.applying.ended && destination->durable < last)
    {
      confirm (&self);
      bother (&self);
      break_something (&self);
      source->n_visible = MIN (source->n_visible + fibers_random (6), history->transactions->len);
      if (source->n_visible == history->transactions->len && fibers_chance (20))
        walsender_shut_down (self.walsender);
      if (fibers_chance (200))
        {
          drain = fibers_chance (2);
          break;
        }
      fibers_sleep (fibers_random (2 * PULSE_US));
    }
  session_end (&self, drain);
  session_clear (&self);
  return destination->durable >= last;
}

static void
check_end (const Source *source, const Destination *destination)
{
  const History *history = source->history;
  guint n = history->finals->len;
  guint table = 0;

  if (!history_matches (history, n, destination_get (destination)->state, &table))
    fibers_fail ("at the end table %u is not what the source has", table);
  if (source->confirmed > destination->durable)
    fibers_fail ("%lu is confirmed, and %lu durable", source->confirmed, destination->durable);
}

static guint64
run_seed (guint32 seed)
{
  History *history;
  Destination destination;
  Source source;
  guint sessions = 0;

  fibers_start (seed);
  history = history_new (5 + fibers_random (40));
  destination_init (&destination, history, fibers_random (14));
  source = (Source){ .history = history,
                     .confirmed = history->start,
                     .saved = history->start,
                     .durable = &destination.durable };
  while (!session_run (&source, &destination))
    if (++sessions > MAX_SESSIONS)
      fibers_fail ("it doesn't get to its end");
  check_end (&source, &destination);
  destination_clear (&destination);
  history_free (history);
  return fibers_get_sum ();
}

/* In a process of its own, so that one that crashes or hangs has a name, too. */
static gboolean
run_apart (guint32 seed, guint64 *sum)
{
  int ends[2];
  int status = 0;
  pid_t child;

  if (pipe (ends) != 0)
    return FALSE;
  fflush (stdout);
  child = fork ();
  if (child == 0)
    {
      guint64 told;
      alarm (60);
      told = run_seed (seed);
      fflush (stdout);
      _exit (write (ends[1], &told, sizeof told) == sizeof told ? 0 : 2);
    }
  close (ends[1]);
  if (child < 0 || waitpid (child, &status, 0) < 0 || status != 0 ||
      read (ends[0], sum, sizeof *sum) != sizeof *sum)
    status = status != 0 ? status : -1;
  close (ends[0]);
  if (status != 0)
    printf ("not ok - seed %u (status %d); to replay: sh tests/run.sh sim --seed %u\n", seed,
            status, seed);
  return status == 0;
}

static gboolean
run_all (guint32 first, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      guint64 sum = 0;
      guint64 again = 0;

      if (!run_apart (first + i, &sum))
        return FALSE;
      if (i >= REPEATED)
        continue;
      if (!run_apart (first + i, &again))
        return FALSE;
      if (sum != again)
        {
          printf ("not ok - seed %u makes two different runs\n", first + i);
          return FALSE;
        }
    }
  printf ("ok - %u seeds from %u on\n", n, first);
  return TRUE;
}

int
main (int argc, char **argv)
{
  guint32 first = argc > 1 ? (guint32) g_ascii_strtoull (argv[1], NULL, 10) : 1;
  guint n = argc > 2 ? (guint) g_ascii_strtoull (argv[2], NULL, 10) : 500;

  return run_all (first, n) ? EXIT_SUCCESS : EXIT_FAILURE;
}
