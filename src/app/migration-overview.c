#include "app/migration-overview.h"

#include <adwaita.h>

#include "app/error-view.h"
#include "app/migration-words.h"
#include "app/note-row.h"
#include "app/text.h"
#include "core/i18n.h"
#include "core/units.h"

/* A slot that reaches its limit within so long needs somebody. */
#define WORRY_SECONDS (24 * 3600.0)

/* Rates of following are those of so long a time. */
#define RATE_US (2 * G_USEC_PER_SEC)

struct _PgmMigrationOverview
{
  GtkWidget parent_instance;
  GtkWidget *scrolled;
  GtkWidget *content;
  PgmErrorView *error_view;
  GtkBox *notes_box;
  GtkFlowBox *numbers_box;
  GtkLabel *numbers[PGM_N_NUMBERS];
  PgmNoteRow *notes[PGM_N_NOTES];
  PgmGraphPanel *lag_graph;
  PgmGraphPanel *rate_graph;
  AdwActionRow *source_row;
  AdwActionRow *destination_row;
  AdwActionRow *job_row;

  guint64 changes_since; /* where the rate of changes is counted from */
  gint64 since;
  double change_rate;
  gint64 marked_until; /* time of the newest event that has a mark */
};

G_DEFINE_FINAL_TYPE (PgmMigrationOverview, pgm_migration_overview, GTK_TYPE_WIDGET)

static const char *const number_titles[PGM_N_NUMBERS] = {
  [PGM_NUMBER_LAG] = N_ ("Lag"),        [PGM_NUMBER_BEHIND] = N_ ("Behind by"),
  [PGM_NUMBER_ROWS] = N_ ("Rows"),      [PGM_NUMBER_BYTES] = N_ ("Data"),
  [PGM_NUMBER_LEFT] = N_ ("Time left"), [PGM_NUMBER_KEPT] = N_ ("WAL kept back"),
};

/* ---- samples ---- */

/* The stream's own rate: how many rows of changes were applied a second. */
static void
update_change_rate (PgmMigrationOverview *self, const PgmSnapshot *snapshot)
{
  gint64 passed = snapshot->timestamp - self->since;

  if (self->since == 0 || snapshot->changes < self->changes_since || passed < 0)
    self->change_rate = 0;
  else if (passed > 0)
    self->change_rate =
        (double) (snapshot->changes - self->changes_since) * G_USEC_PER_SEC / (double) passed;
  if (self->since == 0 || passed >= RATE_US || passed < 0 ||
      snapshot->changes < self->changes_since)
    {
      self->since = snapshot->timestamp;
      self->changes_since = snapshot->changes;
    }
}

static gboolean
deserves_mark (const PgmEvent *event)
{
  static const char *const types[] = { "phase", "cutover", "warning", "error", NULL };

  return g_strv_contains (types, event->type);
}

static void
mark_events (PgmMigrationOverview *self, const PgmSnapshot *snapshot)
{
  gint64 newest = self->marked_until;
  PgmGraphView *lag = pgm_graph_panel_get_view (self->lag_graph);
  PgmGraphView *rate = pgm_graph_panel_get_view (self->rate_graph);

  for (guint i = 0; i < snapshot->events->len; i++)
    {
      const PgmEvent *event = g_ptr_array_index (snapshot->events, i);
      g_autofree char *text = NULL;

      if (event->time <= self->marked_until || !deserves_mark (event))
        continue;
      text = pgm_words_event (event);
      pgm_graph_view_mark (lag, event->time, text);
      pgm_graph_view_mark (rate, event->time, text);
      newest = MAX (newest, event->time);
    }
  self->marked_until = newest;
}

void
pgm_migration_overview_record (PgmMigrationOverview *self, const PgmSnapshot *snapshot)
{
  update_change_rate (self, snapshot);
  pgm_graph_panel_add (self->lag_graph, snapshot->timestamp, (double) snapshot->lag_bytes);
  pgm_graph_panel_add (self->rate_graph, snapshot->timestamp,
                       snapshot->rows_per_sec + self->change_rate);
  mark_events (self, snapshot);
}

void
pgm_migration_overview_add_history (PgmMigrationOverview *self, const GPtrArray *points)
{
  g_autofree gint64 *times = g_new (gint64, points->len + 1);
  g_autofree double *lags = g_new (double, points->len + 1);
  g_autofree double *rates = g_new (double, points->len + 1);

  for (guint i = 0; i < points->len; i++)
    {
      const PgmMetricPoint *point = g_ptr_array_index (points, i);

      times[i] = point->time;
      lags[i] = (double) point->lag_bytes;
      rates[i] = point->rows_per_sec;
    }
  pgm_graph_view_prepend (pgm_graph_panel_get_view (self->lag_graph), times, lags, points->len);
  pgm_graph_view_prepend (pgm_graph_panel_get_view (self->rate_graph), times, rates, points->len);
}

/* ---- numbers ---- */

static void
show_number (PgmMigrationOverview *self, PgmHeroNumber number, char *text)
{
  g_autofree char *owned = text;
  const char *shown = text != NULL ? text : "–";

  if (g_strcmp0 (gtk_label_get_text (self->numbers[number]), shown) != 0)
    gtk_label_set_text (self->numbers[number], shown);
}

static gboolean
is_following (const PgmSnapshot *snapshot)
{
  return snapshot->applied_lsn != PGM_LSN_INVALID || snapshot->phase == PGM_PHASE_CATCH_UP ||
         snapshot->phase == PGM_PHASE_STREAMING;
}

static char *
behind_text (const PgmSnapshot *snapshot)
{
  if (snapshot->lag_sec <= 0)
    return g_strdup (_ ("nothing"));
  return snapshot->lag_sec < 0.1 ? g_strdup (_ ("< 0.1 s"))
                                 : pgm_format_duration (snapshot->lag_sec);
}

static char *
rows_text (double rate)
{
  g_autofree char *count = pgm_format_short_count ((guint64) (rate + 0.5));

  return g_strdup_printf (_ ("%s rows/s"), count);
}

static void
show_numbers (PgmMigrationOverview *self, const PgmSnapshot *snapshot)
{
  gboolean following = is_following (snapshot);

  show_number (self, PGM_NUMBER_LAG, following ? pgm_format_bytes (snapshot->lag_bytes) : NULL);
  show_number (self, PGM_NUMBER_BEHIND, following ? behind_text (snapshot) : NULL);
  show_number (self, PGM_NUMBER_ROWS, rows_text (snapshot->rows_per_sec + self->change_rate));
  show_number (self, PGM_NUMBER_BYTES, pgm_format_byte_rate (snapshot->bytes_per_sec));
  show_number (self, PGM_NUMBER_LEFT,
               snapshot->eta_sec >= 0 && !following ? pgm_format_duration (snapshot->eta_sec)
                                                    : NULL);
  show_number (self, PGM_NUMBER_KEPT,
               following ? pgm_format_bytes (snapshot->retained_bytes) : NULL);
}

/* ---- notes ---- */

static void
show_note (PgmMigrationOverview *self, PgmMigrationNote note, PgmNoteLevel level, char *text)
{
  g_autofree char *owned = text;

  pgm_note_row_show (self->notes[note], level, text);
}

static void
show_wal (PgmMigrationOverview *self, const PgmSnapshot *snapshot)
{
  g_autofree char *kept = pgm_format_bytes (snapshot->retained_bytes);
  g_autofree char *left = NULL;

  if (g_strcmp0 (snapshot->slot_status, "lost") == 0)
    show_note (self, PGM_NOTE_WAL, PGM_NOTE_ERROR,
               g_strdup (_ ("The source has removed WAL that was still needed. This migration has "
                            "to begin anew.")));
  else if (snapshot->retained_limit >= 0 && snapshot->retained_sec >= 0 &&
           snapshot->retained_sec < WORRY_SECONDS)
    {
      left = pgm_format_duration (snapshot->retained_sec);
      show_note (self, PGM_NOTE_WAL, PGM_NOTE_WARNING,
                 g_strdup_printf (_ ("The source keeps %s of WAL for this migration. At this rate "
                                     "its limit is reached in %s, and the migration is lost."),
                                  kept, left));
    }
  else if (g_strcmp0 (snapshot->slot_status, "unreserved") == 0)
    show_note (self, PGM_NOTE_WAL, PGM_NOTE_WARNING,
               g_strdup_printf (_ ("The source keeps %s of WAL, and may remove it at its next "
                                   "checkpoint."),
                                kept));
  else if (snapshot->phase == PGM_PHASE_PAUSED)
    show_note (
        self, PGM_NOTE_WAL, PGM_NOTE_INFO,
        g_strdup_printf (_ ("While it is paused the source keeps its WAL: %s so far."), kept));
  else
    show_note (self, PGM_NOTE_WAL, PGM_NOTE_INFO, NULL);
}

/* What passes by itself: the job says so in words, and tries again. */
static void
show_trouble (PgmMigrationOverview *self, const PgmSnapshot *snapshot)
{
  show_note (self, PGM_NOTE_TROUBLE, PGM_NOTE_WARNING,
             pgm_words_is_in_trouble (snapshot) ? g_strdup (snapshot->activity) : NULL);
}

/* What a cutover has left behind on purpose. */
static void
show_standing (PgmMigrationOverview *self, const PgmCutoverReport *cutover)
{
  GString *text;

  if (cutover == NULL || cutover->standing->len == 0)
    {
      show_note (self, PGM_NOTE_STANDING, PGM_NOTE_INFO, NULL);
      return;
    }
  text = g_string_new (_ ("Still in place, until it is cleaned up:"));
  for (guint i = 0; i < cutover->standing->len; i++)
    {
      const PgmStanding *standing = g_ptr_array_index (cutover->standing, i);

      g_string_append_printf (text, "\n• %s: %s", standing->where, standing->what);
    }
  show_note (self, PGM_NOTE_STANDING, PGM_NOTE_INFO, g_string_free (text, FALSE));
}

static char *
verification_text (const PgmVerification *verification)
{
  g_autofree char *tables = pgm_format_count ((guint64) MAX (verification->tables, 0));
  g_autofree char *rows = pgm_format_count (verification->rows);
  g_autofree char *lsn = pgm_lsn_to_string (verification->lsn);
  g_autofree char *differing = pgm_format_count ((guint64) MAX (verification->differing_tables, 0));

  if (verification->finished_at == 0)
    return g_strdup_printf (_ ("Comparing both sides while changes flow: %.0f %%. %s"),
                            verification->percent,
                            verification->activity != NULL ? verification->activity : "");
  if (verification->error != NULL)
    return g_strdup_printf (_ ("The comparison has no result: %s"), verification->error);
  if (verification->equal)
    return g_strdup_printf (_ ("Equal as of %s: %s tables with %s rows were compared."), lsn,
                            tables, rows);
  return g_strdup_printf (_ ("Different as of %s: %s of %s tables. The report names the rows."),
                          lsn, differing, tables);
}

static void
show_verification (PgmMigrationOverview *self, const PgmVerification *verification)
{
  PgmNoteLevel level = PGM_NOTE_INFO;

  if (verification != NULL && verification->finished_at != 0)
    level = verification->error != NULL ? PGM_NOTE_WARNING
            : verification->equal       ? PGM_NOTE_GOOD
                                        : PGM_NOTE_ERROR;
  show_note (self, PGM_NOTE_VERIFICATION, level,
             verification != NULL ? verification_text (verification) : NULL);
}

void
pgm_migration_overview_show (PgmMigrationOverview *self, const PgmSnapshot *snapshot)
{
  show_numbers (self, snapshot);
  show_wal (self, snapshot);
  show_trouble (self, snapshot);
  show_verification (self, snapshot->verification);
  show_standing (self, snapshot->cutover);
}

void
pgm_migration_overview_set_age (PgmMigrationOverview *self, double seconds)
{
  g_autofree char *age = pgm_format_duration (seconds);

  gtk_widget_set_opacity (self->content, seconds > 0 ? 0.55 : 1);
  show_note (self, PGM_NOTE_STALE, PGM_NOTE_WARNING,
             seconds > 0
                 ? g_strdup_printf (_ ("No news for %s: what stands here is from then."), age)
                 : NULL);
}

/* ---- what it is about ---- */

static void
set_row (AdwActionRow *row, const char *text)
{
  g_autofree char *shown = pgm_text_to_lines (text);

  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  adw_action_row_set_subtitle (row, shown);
}

void
pgm_migration_overview_set_info (PgmMigrationOverview *self, const PgmJobInfo *info)
{
  set_row (self->source_row, info != NULL ? info->source : "");
  set_row (self->destination_row, info != NULL ? info->destination : "");
  set_row (self->job_row, info != NULL ? info->id : "");
}

static void
show_problems (PgmMigrationOverview *self, const PgmReport *report)
{
  const PgmProblem *first;

  if (report == NULL || report->problems->len == 0)
    {
      show_note (self, PGM_NOTE_PROBLEMS, PGM_NOTE_WARNING, NULL);
      return;
    }
  first = g_ptr_array_index (report->problems, 0);
  show_note (self, PGM_NOTE_PROBLEMS, PGM_NOTE_WARNING,
             g_strdup_printf (g_dngettext (PGM_GETTEXT_DOMAIN,
                                           "%u object could not be made: %s (%s). The report names "
                                           "it with its SQL.",
                                           "%u objects could not be made, the first of them: %s "
                                           "(%s). The report names all of them with their SQL.",
                                           report->problems->len),
                              report->problems->len, first->object, first->reason));
}

void
pgm_migration_overview_set_report (PgmMigrationOverview *self, const PgmReport *report)
{
  g_autoptr (GError) error = NULL;

  show_problems (self, report);
  if (report != NULL && report->error != NULL && report->outcome != PGM_OUTCOME_INTERRUPTED)
    pgm_error_set_full (&error, PGM_ERROR_FAILED, report->sqlstate, report->detail, report->hint,
                        "%s", report->error);
  pgm_error_view_set_error (self->error_view, error);
  if (report == NULL)
    return;
  for (guint i = 0; i < PGM_N_NUMBERS; i++)
    if (i != PGM_NUMBER_KEPT)
      show_number (self, i, NULL);
  show_note (self, PGM_NOTE_TROUBLE, PGM_NOTE_WARNING, NULL);
  pgm_migration_overview_set_age (self, 0);
}

/* ---- the object ---- */

static void
pgm_migration_overview_dispose (GObject *object)
{
  g_clear_pointer (&PGM_MIGRATION_OVERVIEW (object)->scrolled, gtk_widget_unparent);
  G_OBJECT_CLASS (pgm_migration_overview_parent_class)->dispose (object);
}

static void
pgm_migration_overview_class_init (PgmMigrationOverviewClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = pgm_migration_overview_dispose;
  g_type_ensure (PGM_TYPE_ERROR_VIEW);
  g_type_ensure (PGM_TYPE_GRAPH_PANEL);
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_css_name (widget_class, "migrationoverview");
  gtk_widget_class_set_template_from_resource (
      widget_class, "/io/github/pgmanager/Pgmanager/migration-overview.ui");
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationOverview, scrolled);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationOverview, content);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationOverview, error_view);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationOverview, notes_box);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationOverview, numbers_box);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationOverview, lag_graph);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationOverview, rate_graph);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationOverview, source_row);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationOverview, destination_row);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationOverview, job_row);
}

static void
add_number (PgmMigrationOverview *self, guint number)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);
  GtkWidget *value = gtk_label_new ("–");
  GtkWidget *title = gtk_label_new (_ (number_titles[number]));
  GtkWidget *child;

  gtk_label_set_xalign (GTK_LABEL (value), 0);
  gtk_label_set_width_chars (GTK_LABEL (value), 9);
  gtk_widget_add_css_class (value, "title-3");
  gtk_widget_add_css_class (value, "numeric");
  gtk_label_set_xalign (GTK_LABEL (title), 0);
  gtk_widget_add_css_class (title, "caption");
  gtk_widget_add_css_class (title, "dim-label");
  gtk_accessible_update_relation (GTK_ACCESSIBLE (value), GTK_ACCESSIBLE_RELATION_LABELLED_BY,
                                  title, NULL, -1);
  gtk_box_append (GTK_BOX (box), value);
  gtk_box_append (GTK_BOX (box), title);
  gtk_flow_box_insert (self->numbers_box, box, -1);
  child = gtk_widget_get_parent (box);
  gtk_widget_set_focusable (child, FALSE);
  self->numbers[number] = GTK_LABEL (value);
}

static void
pgm_migration_overview_init (PgmMigrationOverview *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  for (guint i = 0; i < PGM_N_NOTES; i++)
    {
      self->notes[i] = PGM_NOTE_ROW (pgm_note_row_new ());
      gtk_box_append (self->notes_box, GTK_WIDGET (self->notes[i]));
    }
  for (guint i = 0; i < PGM_N_NUMBERS; i++)
    add_number (self, i);
  pgm_graph_panel_set_up (self->lag_graph, _ ("Lag"), PGM_GRAPH_BYTES);
  pgm_graph_panel_set_up (self->rate_graph, _ ("Throughput"), PGM_GRAPH_ROW_RATE);
}

const char *
pgm_migration_overview_get_number (PgmMigrationOverview *self, PgmHeroNumber number)
{
  return gtk_label_get_text (self->numbers[number]);
}

const char *
pgm_migration_overview_get_note (PgmMigrationOverview *self, PgmMigrationNote note)
{
  return pgm_note_row_get_text (self->notes[note]);
}

PgmGraphPanel *
pgm_migration_overview_get_lag_graph (PgmMigrationOverview *self)
{
  return self->lag_graph;
}

PgmGraphPanel *
pgm_migration_overview_get_rate_graph (PgmMigrationOverview *self)
{
  return self->rate_graph;
}

const char *
pgm_migration_overview_get_error (PgmMigrationOverview *self)
{
  return pgm_error_view_get_text (self->error_view);
}
