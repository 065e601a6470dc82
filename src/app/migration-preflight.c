#include "app/migration-preflight.h"

#include "app/error-view.h"
#include "app/fact-group.h"
#include "core/i18n.h"

#define N_LEVELS 3

struct _PgmMigrationPreflight
{
  GtkWidget parent_instance;
  GtkWidget *scrolled;
  GtkSpinner *spinner;
  GtkLabel *summary_label;
  PgmErrorView *error_view;
  GtkBox *groups_box;
  PgmFactGroup *groups[N_LEVELS]; /* by PgmCheckLevel */

  PgmEngine *engine;
  char *job_id; /* of the rehearsal under way */
  guint run;    /* which one; answers of earlier ones are not ours */
  gboolean running;
  PgmReport *report;
};

G_DEFINE_FINAL_TYPE (PgmMigrationPreflight, pgm_migration_preflight, GTK_TYPE_WIDGET)

enum
{
  CHANGED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static const struct
{
  const char *icon;
  const char *css_class;
  const char *meaning;
} looks[N_LEVELS] = {
  { "emblem-ok-symbolic", "success", N_ ("OK") },
  { "dialog-warning-symbolic", "warning", N_ ("Warning") },
  { "dialog-error-symbolic", "error", N_ ("Blocker") },
};

/* ---- what was found ---- */

static void
show_level (PgmMigrationPreflight *self, int level)
{
  PgmFactGroup *group = self->groups[level];

  pgm_fact_group_begin (group);
  for (guint i = 0; self->report != NULL && i < self->report->checks->len; i++)
    {
      const PgmCheck *check = g_ptr_array_index (self->report->checks, i);
      g_autofree char *key = g_strdup_printf ("%u", i);
      PgmFactRow *row;

      if (check->level != level)
        continue;
      row = pgm_fact_group_get_row (group, key);
      pgm_fact_row_set_icon (row, looks[level].icon, looks[level].css_class,
                             _ (looks[level].meaning));
      pgm_fact_row_set_title (row, check->reason);
      pgm_fact_row_set_subtitle (row, check->name);
      pgm_fact_row_set_code (row, level != PGM_CHECK_OK ? check->fix_sql : NULL);
    }
  pgm_fact_group_end (group);
}

guint
pgm_migration_preflight_count (PgmMigrationPreflight *self, int level)
{
  guint count = 0;

  for (guint i = 0; self->report != NULL && i < self->report->checks->len; i++)
    count += ((PgmCheck *) g_ptr_array_index (self->report->checks, i))->level == level;
  return count;
}

static char *
summarize (PgmMigrationPreflight *self)
{
  guint blockers = pgm_migration_preflight_count (self, PGM_CHECK_BLOCKER);
  guint warnings = pgm_migration_preflight_count (self, PGM_CHECK_WARNING);
  g_autofree char *warned = g_strdup_printf (
      g_dngettext (PGM_GETTEXT_DOMAIN, "%u warning", "%u warnings", warnings), warnings);

  if (self->running)
    return g_strdup (_ ("Looking at both servers; nothing is changed…"));
  if (self->report == NULL)
    return g_strdup (_ ("Nothing has been checked yet"));
  if (blockers > 0)
    return g_strdup_printf (
        g_dngettext (PGM_GETTEXT_DOMAIN, "%u blocker, %s", "%u blockers, %s", blockers), blockers,
        warned);
  if (self->report->outcome != PGM_OUTCOME_DONE)
    return g_strdup (_ ("The check did not come to its end"));
  if (warnings > 0)
    return g_strdup_printf (_ ("Ready to start, with %s"), warned);
  return g_strdup (_ ("Ready to start"));
}

static void
show_error (PgmMigrationPreflight *self)
{
  const PgmReport *report = self->report;
  g_autoptr (GError) error = NULL;

  /* A blocker says it better than the refusal that follows from it. */
  if (report != NULL && report->error != NULL &&
      pgm_migration_preflight_count (self, PGM_CHECK_BLOCKER) == 0)
    pgm_error_set_full (&error, PGM_ERROR_FAILED, report->sqlstate, report->detail, report->hint,
                        "%s", report->error);
  pgm_error_view_set_error (self->error_view, error);
}

static void
show (PgmMigrationPreflight *self)
{
  g_autofree char *summary = summarize (self);

  gtk_label_set_text (self->summary_label, summary);
  gtk_widget_set_visible (GTK_WIDGET (self->spinner), self->running);
  gtk_spinner_set_spinning (self->spinner, self->running);
  for (int level = 0; level < N_LEVELS; level++)
    show_level (self, level);
  show_error (self);
  g_signal_emit (self, signals[CHANGED], 0);
}

/* ---- the rehearsal ---- */

static void
take_report (PgmMigrationPreflight *self, PgmReport *report)
{
  self->running = FALSE;
  g_clear_pointer (&self->job_id, g_free);
  g_clear_pointer (&self->report, pgm_record_unref);
  self->report = pgm_record_ref (report);
  show (self);
}

static void
on_finished (PgmEngine *engine, const char *job_id, PgmReport *report, PgmMigrationPreflight *self)
{
  if (self->running && g_strcmp0 (job_id, self->job_id) == 0)
    take_report (self, report);
}

typedef struct
{
  PgmMigrationPreflight *self;
  guint run;
} Start;

static void
on_started (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree Start *start = user_data;
  g_autoptr (PgmMigrationPreflight) self = start->self;
  g_autoptr (GError) error = NULL;
  g_autofree char *id = pgm_engine_start_job_finish (PGM_ENGINE (source), result, &error);
  PgmReport *report;

  if (start->run != self->run || !self->running)
    {
      if (id != NULL)
        pgm_engine_stop_job_async (PGM_ENGINE (source), id, NULL, NULL, NULL);
      return;
    }
  if (id != NULL)
    {
      self->job_id = g_steal_pointer (&id);
      return;
    }
  report = pgm_record_new (&pgm_report_type);
  report->outcome = PGM_OUTCOME_FAILED;
  report->error = g_strdup (error->message);
  report->detail = g_strdup (pgm_error_get_detail (error));
  report->hint = g_strdup (pgm_error_get_hint (error));
  take_report (self, report);
  pgm_record_unref (report);
}

void
pgm_migration_preflight_reset (PgmMigrationPreflight *self)
{
  if (self->job_id != NULL)
    pgm_engine_stop_job_async (self->engine, self->job_id, NULL, NULL, NULL);
  g_clear_pointer (&self->job_id, g_free);
  g_clear_pointer (&self->report, pgm_record_unref);
  self->running = FALSE;
  self->run++;
  show (self);
}

void
pgm_migration_preflight_run (PgmMigrationPreflight *self, const PgmJobSpec *spec)
{
  PgmJobSpec *rehearsal = pgm_record_new (&pgm_job_spec_type);
  g_autofree char *json = pgm_record_to_json (spec->clone, FALSE);
  Start *start = g_new0 (Start, 1);

  pgm_migration_preflight_reset (self);
  rehearsal->kind = PGM_JOB_CLONE;
  rehearsal->source = pgm_record_ref (spec->source);
  rehearsal->destination = pgm_record_ref (spec->destination);
  rehearsal->clone = pgm_record_from_json (&pgm_clone_options_type, json, -1, NULL);
  g_return_if_fail (rehearsal->clone != NULL);
  rehearsal->clone->dry_run = TRUE;
  if (spec->follow != NULL)
    rehearsal->follow = pgm_record_ref (spec->follow);
  self->running = TRUE;
  start->self = g_object_ref (self);
  start->run = self->run;
  pgm_engine_start_job_async (self->engine, rehearsal, NULL, on_started, start);
  pgm_record_unref (rehearsal);
  show (self);
}

/* ---- the object ---- */

static void
pgm_migration_preflight_dispose (GObject *object)
{
  PgmMigrationPreflight *self = PGM_MIGRATION_PREFLIGHT (object);

  if (self->engine != NULL)
    g_signal_handlers_disconnect_by_data (self->engine, self);
  if (self->engine != NULL && self->job_id != NULL)
    pgm_engine_stop_job_async (self->engine, self->job_id, NULL, NULL, NULL);
  g_clear_pointer (&self->job_id, g_free);
  self->running = FALSE;
  g_clear_pointer (&self->scrolled, gtk_widget_unparent);
  g_clear_object (&self->engine);
  g_clear_pointer (&self->report, pgm_record_unref);
  G_OBJECT_CLASS (pgm_migration_preflight_parent_class)->dispose (object);
}

static void
pgm_migration_preflight_class_init (PgmMigrationPreflightClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = pgm_migration_preflight_dispose;
  g_type_ensure (PGM_TYPE_ERROR_VIEW);
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_css_name (widget_class, "migrationpreflight");
  gtk_widget_class_set_template_from_resource (
      widget_class, "/io/github/pgmanager/Pgmanager/migration-preflight.ui");
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationPreflight, scrolled);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationPreflight, spinner);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationPreflight, summary_label);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationPreflight, error_view);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationPreflight, groups_box);
  signals[CHANGED] = g_signal_new ("changed", PGM_TYPE_MIGRATION_PREFLIGHT, G_SIGNAL_RUN_LAST, 0,
                                   NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
pgm_migration_preflight_init (PgmMigrationPreflight *self)
{
  const char *const titles[N_LEVELS] = { _ ("In Order"), _ ("Warnings"), _ ("Blockers") };

  gtk_widget_init_template (GTK_WIDGET (self));
  /* the worst first */
  for (int level = N_LEVELS - 1; level >= 0; level--)
    {
      self->groups[level] = pgm_fact_group_new (titles[level], NULL);
      gtk_box_append (self->groups_box, GTK_WIDGET (self->groups[level]));
    }
  show (self);
}

void
pgm_migration_preflight_set_engine (PgmMigrationPreflight *self, PgmEngine *engine)
{
  self->engine = g_object_ref (engine);
  g_signal_connect (engine, "finished", G_CALLBACK (on_finished), self);
}

gboolean
pgm_migration_preflight_is_running (PgmMigrationPreflight *self)
{
  return self->running;
}

gboolean
pgm_migration_preflight_is_clear (PgmMigrationPreflight *self)
{
  return self->report != NULL && self->report->outcome == PGM_OUTCOME_DONE &&
         pgm_migration_preflight_count (self, PGM_CHECK_BLOCKER) == 0;
}

const PgmReport *
pgm_migration_preflight_get_report (PgmMigrationPreflight *self)
{
  return self->report;
}

const char *
pgm_migration_preflight_get_summary (PgmMigrationPreflight *self)
{
  return gtk_label_get_text (self->summary_label);
}
