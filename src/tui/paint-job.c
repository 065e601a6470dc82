/* How the chosen job stands: its ends, phases, progress, lag, speed and what its slot
 * costs the source. */
#include <math.h>
#include <string.h>

#include "core/i18n.h"
#include "core/text.h"
#include "core/units.h"
#include "tui/dashboard-private.h"

/* Labels of the lines that are numbers. */
#define LABEL_COLUMNS 6

static const PgmRegion *
region_of (const PgmLayout *layout, PgmRegionName name)
{
  return &layout->regions[name];
}

static void
paint_title (const PgmJobView *job, PgmCanvas *canvas, guint row)
{
  guint columns = pgm_canvas_get_columns (canvas);
  const PgmJobInfo *info = job->info;
  g_autofree char *name =
      g_strdup_printf ("%s %s", info != NULL && info->kind != NULL ? info->kind : "", job->id);
  guint used = pgm_canvas_put (canvas, row, 0, columns, PGM_STYLE_STRONG, g_strstrip (name));
  g_autofree char *ends = NULL;

  if (info == NULL || info->source == NULL || used + 6 > columns)
    return;
  ends = g_strdup_printf ("%s %s %s", info->source, pgm_canvas_is_ascii (canvas) ? "->" : "→",
                          info->destination != NULL ? info->destination : "");
  pgm_canvas_put (canvas, row, used + 2, columns - used - 2, PGM_STYLE_PLAIN, ends);
}

static char *
phase_text (const PgmPhaseEntry *entry)
{
  g_autofree char *time = pgm_format_duration (entry->duration_sec);

  return g_strdup_printf ("%s %s", pgm_phase_names[entry->phase], time);
}

/* The newest are seen whatever the width: of what doesn't fit the oldest go. */
static void
paint_phases (const PgmSnapshot *snapshot, PgmCanvas *canvas, guint row)
{
  guint columns = pgm_canvas_get_columns (canvas);
  const char *sign = pgm_canvas_is_ascii (canvas) ? " > " : " › ";
  guint first = snapshot->phases->len;
  guint room = columns;
  guint column = 0;

  while (first > 0)
    {
      g_autofree char *text = phase_text (g_ptr_array_index (snapshot->phases, first - 1));
      guint needed = pgm_text_columns (text) + 3;

      if (needed > room)
        break;
      room -= needed;
      first--;
    }
  if (first > 0)
    column +=
        pgm_canvas_put (canvas, row, 0, 1, PGM_STYLE_DIM, pgm_canvas_is_ascii (canvas) ? "~" : "…");
  for (guint i = first; i < snapshot->phases->len; i++)
    {
      const PgmPhaseEntry *entry = g_ptr_array_index (snapshot->phases, i);
      g_autofree char *text = phase_text (entry);

      if (i > 0)
        column += pgm_canvas_put (canvas, row, column, 3, PGM_STYLE_DIM, sign);
      column += pgm_canvas_put (canvas, row, column, columns - column,
                                entry->ended_at != 0 ? PGM_STYLE_DIM : PGM_STYLE_STRONG, text);
    }
}

/* What a job that shows no picture is told as. */
static char *
describe_standing (const PgmJobView *job, gint64 now)
{
  const char *reason = job->report != NULL ? job->report->error
                       : job->info != NULL ? job->info->error
                                           : NULL;
  g_autofree char *age = pgm_format_duration (pgm_job_view_get_age (job, now));

  switch (pgm_job_view_get_standing (job, now))
    {
    case PGM_STANDING_SILENT:
      return job->arrived == 0
                 ? g_strdup (_ ("waiting for the first picture"))
                 : g_strdup_printf (_ ("no answer; this is how it stood %s ago"), age);
    case PGM_STANDING_CUT_OFF:
      return g_strdup_printf (_ ("connection lost; this is how it stood %s ago; reconnecting"),
                              age);
    case PGM_STANDING_ELSEWHERE:
      return g_strdup (_ ("running in a process that can't be asked from here"));
    case PGM_STANDING_LOST:
      return g_strdup (_ ("its process ended without a word; --resume goes on"));
    case PGM_STANDING_CREATED:
      return g_strdup (_ ("not started yet"));
    case PGM_STANDING_ENDED:
      /* "Operation was cancelled" says no more than that. */
      return reason != NULL && !pgm_job_view_was_interrupted (job)
                 ? g_strdup_printf ("%s: %s", pgm_job_view_get_label (job, now), reason)
                 : g_strdup (pgm_job_view_get_label (job, now));
    case PGM_STANDING_RUNNING:
    default:
      return NULL;
    }
}

static char *
describe_work (const PgmSnapshot *snapshot)
{
  GString *text = g_string_new (NULL);

  g_string_append_printf (text, "%5.1f %%", snapshot->percent);
  if (snapshot->eta_sec >= 0 && snapshot->phase != PGM_PHASE_DONE)
    {
      /* To a tenth of a second nobody knows it. */
      g_autofree char *left = pgm_format_duration (MAX (ceil (snapshot->eta_sec), 1));

      g_string_append_printf (text, _ ("  left: %s"), left);
    }
  if (snapshot->tables_total > 0)
    g_string_append_printf (text,
                            _ ("  tables %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT
                               ", indexes %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT),
                            snapshot->tables_copied, snapshot->tables_total, snapshot->indexes_done,
                            snapshot->indexes_total);
  return g_string_free (text, FALSE);
}

/* While changes are followed there is no end in sight, so there is no bar. */
static void
paint_progress (const PgmJobView *job, PgmCanvas *canvas, guint row, gint64 now)
{
  const PgmSnapshot *snapshot = job->shown;
  guint columns = pgm_canvas_get_columns (canvas);
  g_autofree char *standing = describe_standing (job, now);
  guint column = 0;

  if (standing != NULL)
    {
      PgmJobStanding kind = pgm_job_view_get_standing (job, now);
      gboolean good = job->report != NULL && job->report->exit_status == 0;

      pgm_canvas_put (canvas, row, 0, columns,
                      good                             ? PGM_STYLE_GOOD
                      : kind == PGM_STANDING_ELSEWHERE ? PGM_STYLE_DIM
                                                       : PGM_STYLE_BAD,
                      standing);
      return;
    }
  if (snapshot == NULL)
    return;
  column = pgm_canvas_put (canvas, row, 0, columns,
                           snapshot->phase == PGM_PHASE_PAUSED   ? PGM_STYLE_WARNING
                           : snapshot->phase == PGM_PHASE_FAILED ? PGM_STYLE_BAD
                                                                 : PGM_STYLE_GOOD,
                           pgm_phase_names[snapshot->phase]) +
           1;
  if (!pgm_snapshot_is_following (snapshot))
    {
      guint cells = CLAMP (columns / 5, 6, 40);
      g_autofree char *work = describe_work (snapshot);

      pgm_canvas_put_bar (canvas, row, column, cells, snapshot->percent);
      column += cells + 1;
      column += pgm_canvas_put (canvas, row, column, columns - MIN (column, columns),
                                PGM_STYLE_PLAIN, work) +
                2;
    }
  if (snapshot->activity != NULL && column < columns)
    pgm_canvas_put (canvas, row, column, columns - column, PGM_STYLE_DIM, snapshot->activity);
}

static void
paint_curve (const PgmSeries *series,
             PgmCanvas *canvas,
             guint row,
             guint column,
             guint cells,
             gint64 now)
{
  static const char *const blocks[] = { " ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
  static const char *const letters[] = { " ", "_", ".", ":", "-", "=", "+", "*", "#" };
  const char *const *signs = pgm_canvas_is_ascii (canvas) ? letters : blocks;
  g_autofree guint8 *levels = NULL;

  cells = MIN (cells, PGM_SERIES_SECONDS);
  if (cells == 0)
    return;
  levels = g_new0 (guint8, cells);
  (void) pgm_series_scale (series, now, cells, levels);
  for (guint i = 0; i < cells; i++)
    pgm_canvas_put_drawing (canvas, row, column + i, PGM_STYLE_GRAPH, signs[levels[i]]);
}

/* A label, a number and its curve over the rest of the line. */
static void
paint_number (PgmCanvas *canvas,
              guint row,
              const char *label,
              PgmStyle style,
              const char *text,
              const PgmSeries *series,
              gint64 now)
{
  guint columns = pgm_canvas_get_columns (canvas);
  guint wide = columns >= 72 ? 40 : 24;
  guint used;

  pgm_canvas_put (canvas, row, 0, LABEL_COLUMNS, PGM_STYLE_DIM, label);
  used = LABEL_COLUMNS +
         pgm_canvas_put (canvas, row, LABEL_COLUMNS, columns - LABEL_COLUMNS, style, text);
  used = MAX (used + 1, LABEL_COLUMNS + wide);
  if (series != NULL && used < columns)
    paint_curve (series, canvas, row, used, columns - used, now);
}

static void
paint_lag (const PgmJobView *job, PgmCanvas *canvas, guint row, gint64 now)
{
  const PgmSnapshot *snapshot = job->shown;
  g_autofree char *bytes = pgm_format_bytes (snapshot->lag_bytes);
  g_autofree char *seconds = pgm_format_duration (snapshot->lag_sec);
  g_autofree char *text =
      snapshot->lag_sec >= 0.1 ? g_strdup_printf ("%s, %s", bytes, seconds) : g_strdup (bytes);

  paint_number (canvas, row, _ ("Lag"), PGM_STYLE_STRONG, text, &job->lag, now);
}

static void
paint_rate (const PgmJobView *job, PgmCanvas *canvas, guint row, gint64 now)
{
  const PgmSnapshot *snapshot = job->shown;
  gboolean following = pgm_snapshot_is_following (snapshot);
  g_autofree char *rows = pgm_format_short_count (
      (guint64) MAX (following ? job->rates.changes_per_sec : snapshot->rows_per_sec, 0));
  g_autofree char *bytes =
      pgm_format_byte_rate (following ? job->rates.wal_per_sec : snapshot->bytes_per_sec);
  g_autofree char *transactions =
      pgm_format_short_count ((guint64) MAX (job->rates.transactions_per_sec, 0));
  g_autofree char *text =
      following ? g_strdup_printf (_ ("%s rows/s, %s tx/s, %s"), rows, transactions, bytes)
                : g_strdup_printf (_ ("%s rows/s, %s"), rows, bytes);

  paint_number (canvas, row, _ ("Speed"), PGM_STYLE_STRONG, text, &job->rate, now);
}

static gboolean
is_slot_in_danger (const PgmSnapshot *snapshot)
{
  if (snapshot->slot_status != NULL && strcmp (snapshot->slot_status, "reserved") != 0)
    return TRUE;
  return snapshot->retained_limit >= 0 &&
         (guint64) snapshot->retained_limit < snapshot->retained_bytes;
}

static void
paint_wal (const PgmJobView *job, PgmCanvas *canvas, guint row)
{
  const PgmSnapshot *snapshot = job->shown;
  g_autofree char *kept = pgm_format_bytes (snapshot->retained_bytes);
  g_autoptr (GString) text = g_string_new (NULL);

  g_string_append_printf (text, _ ("%s kept back"), kept);
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
  if (snapshot->slot_status != NULL && strcmp (snapshot->slot_status, "reserved") != 0)
    g_string_append_printf (text, _ (", slot %s"), snapshot->slot_status);
  if (snapshot->xmin_age > 0)
    {
      g_autofree char *age = pgm_format_short_count ((guint64) snapshot->xmin_age);

      g_string_append_printf (text, _ (", VACUUM %s tx behind"), age);
    }
  paint_number (canvas, row, _ ("WAL"),
                is_slot_in_danger (snapshot) ? PGM_STYLE_WARNING : PGM_STYLE_PLAIN, text->str, NULL,
                0);
}

void
pgm_dashboard_paint_job (PgmDashboard *self, PgmCanvas *canvas, const PgmLayout *layout)
{
  const PgmJobView *job = pgm_dashboard_get_view (self);
  guint first = region_of (layout, PGM_REGION_TITLE)->row;
  PgmJobStanding standing;

  if (job == NULL)
    return;
  if (region_of (layout, PGM_REGION_TITLE)->rows > 0)
    paint_title (job, canvas, first);
  if (region_of (layout, PGM_REGION_PHASES)->rows > 0)
    paint_phases (job->shown, canvas, region_of (layout, PGM_REGION_PHASES)->row);
  if (region_of (layout, PGM_REGION_LAG)->rows > 0)
    paint_lag (job, canvas, region_of (layout, PGM_REGION_LAG)->row, self->shown_at);
  if (region_of (layout, PGM_REGION_RATE)->rows > 0)
    paint_rate (job, canvas, region_of (layout, PGM_REGION_RATE)->row, self->shown_at);
  if (region_of (layout, PGM_REGION_WAL)->rows > 0)
    paint_wal (job, canvas, region_of (layout, PGM_REGION_WAL)->row);
  /* What is no longer true is seen not to be. */
  standing = pgm_job_view_get_standing (job, self->shown_at);
  if (standing == PGM_STANDING_SILENT || standing == PGM_STANDING_CUT_OFF ||
      standing == PGM_STANDING_LOST)
    pgm_canvas_restyle (canvas, first, region_of (layout, PGM_REGION_TABS)->row - first,
                        PGM_STYLE_DIM);
  paint_progress (job, canvas, region_of (layout, PGM_REGION_PROGRESS)->row, self->shown_at);
}
