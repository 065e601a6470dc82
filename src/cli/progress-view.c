#include "cli/progress-view.h"

#include <math.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/i18n.h"
#include "core/text.h"
#include "core/units.h"

/* Tables drawn at once: those being copied. */
#define MAX_TABLE_LINES 8
/* In a pipe a line every so often is enough. */
#define PLAIN_INTERVAL (5 * G_USEC_PER_SEC)

typedef enum
{
  VIEW_LIVE,
  VIEW_PLAIN,
  VIEW_JSON,
} ViewMode;

struct _PgmProgressView
{
  ViewMode mode;
  GArray *lines_drawn; /* guint: columns of each line on the screen */
  int last_phase;
  gint64 last_plain;
  gboolean hidden_cursor;
  gint64 last_event;
  gint64 last_rate_time;
  guint64 last_transactions;
  double rate;
};

PgmProgressView *
pgm_progress_view_new (PgmOutput output)
{
  PgmProgressView *self = g_new0 (PgmProgressView, 1);
  const char *term = g_getenv ("TERM");

  self->mode = output == PGM_OUTPUT_JSON                                              ? VIEW_JSON
               : isatty (STDERR_FILENO) && term != NULL && strcmp (term, "dumb") != 0 ? VIEW_LIVE
                                                                                      : VIEW_PLAIN;
  self->last_phase = -1;
  self->lines_drawn = g_array_new (FALSE, FALSE, sizeof (guint));
  return self;
}

void
pgm_progress_view_free (PgmProgressView *self)
{
  pgm_progress_view_end (self);
  g_array_unref (self->lines_drawn);
  g_free (self);
}

static guint
terminal_width (void)
{
  struct winsize size;

  if (ioctl (STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 20)
    return size.ws_col;
  return 80;
}

/* A terminal made narrower since has wrapped what was drawn, so that it takes
 * more lines now. */
static void
erase (PgmProgressView *self)
{
  guint width = terminal_width ();
  guint rows = 0;

  for (guint i = 0; i < self->lines_drawn->len; i++)
    rows += 1 + (MAX (g_array_index (self->lines_drawn, guint, i), 1) - 1) / width;
  if (rows > 0)
    g_printerr ("\033[%uA\r\033[J", rows);
  g_array_set_size (self->lines_drawn, 0);
}

/* Cuts @text to at most @width columns of a terminal; returns how many it takes. */
static guint
cut (char *text, guint width)
{
  guint used;
  const char *end = pgm_text_at_column (text, width, &used);

  text[end - text] = '\0';
  return used;
}

/* One line, cut to the width: a wrapped line would break the redrawing. */
static void
add_line (PgmProgressView *self, GString *picture, guint width, const char *text)
{
  g_autofree char *shown = pgm_display_text (text);
  guint columns = cut (shown, width - 1);

  g_string_append_printf (picture, "%s\n", shown);
  g_array_append_val (self->lines_drawn, columns);
}

static void
append_bar (GString *line, double percent, guint cells)
{
  guint full = (guint) (CLAMP (percent, 0, 100) / 100 * cells + 0.5);

  for (guint i = 0; i < cells; i++)
    g_string_append (line, i < full ? "█" : "░");
}

static const char *
phase_label (int phase)
{
  switch ((PgmPhase) phase)
    {
    case PGM_PHASE_IDLE:
      return _ ("Waiting");
    case PGM_PHASE_CONNECTING:
      return _ ("Connecting");
    case PGM_PHASE_PREFLIGHT:
      return _ ("Checking");
    case PGM_PHASE_SCHEMA:
      return _ ("Schema");
    case PGM_PHASE_COPY:
      return _ ("Copying");
    case PGM_PHASE_INDEXES:
      return _ ("Indexes and constraints");
    case PGM_PHASE_CATCH_UP:
      return _ ("Catching up");
    case PGM_PHASE_STREAMING:
      return _ ("Streaming");
    case PGM_PHASE_SWITCHOVER:
      return _ ("Cutting over");
    case PGM_PHASE_SWITCHOVER_COMPLETE:
      return _ ("Cut over");
    case PGM_PHASE_VERIFY:
      return _ ("Comparing");
    case PGM_PHASE_PAUSED:
      return _ ("Paused");
    case PGM_PHASE_DONE:
      return _ ("Done");
    case PGM_PHASE_FAILED:
      return _ ("Failed");
    case PGM_PHASE_STOPPED:
      return _ ("Stopped");
    default:
      return "";
    }
}

static char *
summary_text (const PgmSnapshot *snapshot)
{
  g_autofree char *bytes = pgm_format_bytes (snapshot->total_bytes);
  g_autofree char *rate = pgm_format_byte_rate (snapshot->bytes_per_sec);
  GString *text = g_string_new (NULL);

  /* In order of worth: a narrow terminal cuts the end. */
  g_string_append_printf (text, "%5.1f %%", snapshot->percent);
  if (snapshot->eta_sec >= 0 && snapshot->phase != PGM_PHASE_DONE)
    {
      /* To a tenth of a second nobody knows it. */
      double seconds = MAX (ceil (snapshot->eta_sec), 1);
      g_autofree char *eta =
          seconds < 60 ? g_strdup_printf (_ ("%.0f s"), seconds) : pgm_format_duration (seconds);
      g_string_append_printf (text, "  %s %s", _ ("left:"), eta);
    }
  if (snapshot->bytes_per_sec > 0 && snapshot->phase != PGM_PHASE_INDEXES)
    g_string_append_printf (text, "  %s", rate);
  if (snapshot->total_bytes > 0)
    g_string_append_printf (text, "  %s", bytes);
  return g_string_free (text, FALSE);
}

static void
draw_table (PgmProgressView *self, GString *picture, guint width, const PgmTableProgress *table)
{
  g_autoptr (GString) line = g_string_new ("  ");
  g_autofree char *rows = pgm_format_count (table->rows_copied);
  g_autofree char *name = g_strdup_printf ("%s.%s", table->schema, table->name);
  g_autofree char *shown = pgm_display_text (name);
  guint room = CLAMP (width * 2 / 5, 10, 32);
  guint used = cut (shown, room);

  g_string_append_printf (line, "%s%*s", shown, (int) (room + 1 - used), "");
  append_bar (line, table->percent, CLAMP (width / 5, 4, 16));
  g_string_append_printf (line, " %3.0f %%  ", table->percent);
  g_string_append_printf (
      line, g_dngettext (PGM_GETTEXT_DOMAIN, "%s row", "%s rows", table->rows_copied), rows);
  add_line (self, picture, width, line->str);
}

static gboolean
is_following (const PgmSnapshot *snapshot)
{
  return snapshot->phase == PGM_PHASE_CATCH_UP || snapshot->phase == PGM_PHASE_STREAMING ||
         snapshot->phase == PGM_PHASE_SWITCHOVER ||
         ((snapshot->phase == PGM_PHASE_SWITCHOVER_COMPLETE ||
           snapshot->phase == PGM_PHASE_VERIFY) &&
          snapshot->applied_lsn != 0) ||
         (snapshot->phase == PGM_PHASE_PAUSED && snapshot->applied_lsn != 0);
}

/* Transactions a second since the last picture; -1 while it is not known. */
static double
transaction_rate (PgmProgressView *self, const PgmSnapshot *snapshot)
{
  gint64 now = g_get_monotonic_time ();
  double seconds = (double) (now - self->last_rate_time) / G_USEC_PER_SEC;

  if (self->last_rate_time == 0 || snapshot->transactions < self->last_transactions)
    self->rate = -1;
  else if (seconds >= 1)
    self->rate = (double) (snapshot->transactions - self->last_transactions) / seconds;
  else
    return self->rate;
  self->last_rate_time = now;
  self->last_transactions = snapshot->transactions;
  return self->rate;
}

static char *
follow_text (PgmProgressView *self, const PgmSnapshot *snapshot)
{
  g_autofree char *lag = pgm_format_bytes (snapshot->lag_bytes);
  g_autofree char *transactions = pgm_format_count (snapshot->transactions);
  g_autofree char *changes = pgm_format_count (snapshot->changes);
  double rate = transaction_rate (self, snapshot);
  GString *text = g_string_new (NULL);

  g_string_append_printf (text, _ ("lag %s"), lag);
  if (snapshot->lag_sec >= 0.1)
    {
      g_autofree char *age = pgm_format_duration (snapshot->lag_sec);

      g_string_append_printf (text, " (%s)", age);
    }
  g_string_append_printf (text, _ ("  %s transactions, %s changes"), transactions, changes);
  if (rate >= 0)
    g_string_append_printf (text, _ (", %.0f tx/s"), rate);
  return g_string_free (text, FALSE);
}

static char *
retention_text (const PgmSnapshot *snapshot)
{
  g_autofree char *kept = pgm_format_bytes (snapshot->retained_bytes);
  GString *text = g_string_new (NULL);

  g_string_append_printf (text, _ ("WAL kept back %s"), kept);
  if (snapshot->retained_limit >= 0)
    {
      g_autofree char *left = pgm_format_bytes ((guint64) snapshot->retained_limit);

      g_string_append_printf (text, _ (", slot lost after %s more"), left);
    }
  if (snapshot->retained_sec >= 0)
    {
      g_autofree char *time = pgm_format_duration (snapshot->retained_sec);

      g_string_append_printf (text, _ (" (%s)"), time);
    }
  return g_string_free (text, FALSE);
}

/* There is no end in sight, so there is no bar. */
static void
draw_following (PgmProgressView *self, GString *picture, guint width, const PgmSnapshot *snapshot)
{
  g_autofree char *text = follow_text (self, snapshot);
  g_autofree char *retention = retention_text (snapshot);

  add_line (self, picture, width, text);
  add_line (self, picture, width, retention);
  g_printerr ("%s", picture->str);
}

static void
draw_live (PgmProgressView *self, const PgmSnapshot *snapshot)
{
  g_autoptr (GString) picture = g_string_new (NULL);
  g_autoptr (GString) line = g_string_new (NULL);
  g_autofree char *elapsed = pgm_format_duration (snapshot->elapsed_sec);
  g_autofree char *summary = summary_text (snapshot);
  guint width = terminal_width ();
  guint shown = 0;

  erase (self);
  if (!self->hidden_cursor)
    g_printerr ("\033[?25l");
  self->hidden_cursor = TRUE;

  g_string_printf (line, "%s  %s", phase_label (snapshot->phase), elapsed);
  if (snapshot->activity != NULL)
    g_string_append_printf (line, "  %s", snapshot->activity);
  add_line (self, picture, width, line->str);
  if (is_following (snapshot))
    {
      draw_following (self, picture, width, snapshot);
      return;
    }

  g_string_truncate (line, 0);
  append_bar (line, snapshot->percent, MIN (40, width / 3));
  g_string_append_printf (line, " %s", summary);
  add_line (self, picture, width, line->str);

  for (guint i = 0; i < snapshot->tables->len && shown < MAX_TABLE_LINES; i++)
    {
      const PgmTableProgress *table = g_ptr_array_index (snapshot->tables, i);

      if (table->status != PGM_TABLE_COPYING)
        continue;
      draw_table (self, picture, width, table);
      shown++;
    }
  if (snapshot->tables_total > 0)
    {
      g_string_printf (line,
                       _ ("tables %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT
                          ", indexes %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT),
                       snapshot->tables_copied, snapshot->tables_total, snapshot->indexes_done,
                       snapshot->indexes_total);
      add_line (self, picture, width, line->str);
    }
  g_printerr ("%s", picture->str);
}

static void
draw_plain (PgmProgressView *self, const PgmSnapshot *snapshot)
{
  gint64 now = g_get_monotonic_time ();
  g_autofree char *summary = NULL;
  g_autofree char *elapsed = NULL;

  if (snapshot->phase == self->last_phase && now - self->last_plain < PLAIN_INTERVAL)
    return;
  if (snapshot->phase == PGM_PHASE_IDLE)
    return;
  self->last_phase = snapshot->phase;
  self->last_plain = now;
  elapsed = pgm_format_duration (snapshot->elapsed_sec);
  if (is_following (snapshot))
    {
      g_autofree char *retention = retention_text (snapshot);

      summary = follow_text (self, snapshot);
      g_printerr ("%8s  %-24s %s; %s\n", elapsed, phase_label (snapshot->phase), summary,
                  retention);
      return;
    }
  summary = summary_text (snapshot);
  g_printerr ("%8s  %-24s %s  ", elapsed, phase_label (snapshot->phase), summary);
  if (snapshot->tables_total > 0)
    g_printerr (_ ("tables %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT ", indexes %" G_GINT64_FORMAT
                   " of %" G_GINT64_FORMAT),
                snapshot->tables_copied, snapshot->tables_total, snapshot->indexes_done,
                snapshot->indexes_total);
  g_printerr ("\n");
}

/* Warnings stay on the screen, above the moving picture. */
static void
show_warnings (PgmProgressView *self, const PgmSnapshot *snapshot)
{
  for (guint i = 0; i < snapshot->events->len; i++)
    {
      const PgmEvent *event = g_ptr_array_index (snapshot->events, i);

      if (event->time <= self->last_event)
        continue;
      self->last_event = event->time;
      if (g_strcmp0 (event->type, "warning") == 0 || g_strcmp0 (event->type, "problem") == 0 ||
          (g_strcmp0 (event->type, "error") == 0 && snapshot->phase != PGM_PHASE_FAILED))
        pgm_progress_view_note (self, event->message);
    }
}

void
pgm_progress_view_begin (PgmProgressView *self, const PgmJobSpec *spec)
{
  self->last_phase = -1;
  self->last_event = 0;
}

void
pgm_progress_view_show (PgmProgressView *self, PgmSnapshot *snapshot)
{
  g_autofree char *json = NULL;

  switch (self->mode)
    {
    case VIEW_LIVE:
      show_warnings (self, snapshot);
      draw_live (self, snapshot);
      break;
    case VIEW_PLAIN:
      show_warnings (self, snapshot);
      draw_plain (self, snapshot);
      break;
    case VIEW_JSON:
    default:
      json = pgm_record_to_json (snapshot, FALSE);
      g_print ("{\"snapshot\":%s}\n", json);
      break;
    }
}

void
pgm_progress_view_note (PgmProgressView *self, const char *text)
{
  g_autofree char *shown = pgm_display_text (text);

  if (self->mode == VIEW_LIVE)
    erase (self);
  g_printerr ("%s\n", shown);
}

void
pgm_progress_view_end (PgmProgressView *self)
{
  if (self->mode != VIEW_LIVE)
    return;
  erase (self);
  if (self->hidden_cursor)
    g_printerr ("\033[?25h");
  self->hidden_cursor = FALSE;
}
