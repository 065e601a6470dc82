#include "app/migration-assistant.h"

#include "app/migration-page.h"
#include "app/shell-page.h"
#include "core/i18n.h"
#include "core/text.h"

#define N_STEPS 4

struct _PgmMigrationAssistant
{
  AdwBin parent_instance;
  AdwToastOverlay *toasts;
  GtkStack *steps;
  GtkLabel *step_label;
  GtkLabel *hint_label;
  GtkWidget *next_button;
  GtkWidget *start_button;
  PgmMigrationEnd *source;
  PgmMigrationEnd *destination;
  PgmMigrationSelection *selection;
  AdwBin *options_bin;
  PgmMigrationOptions *options;     /* NULL until its step */
  PgmMigrationPreflight *look;      /* unseen: finds out what there is to move */
  PgmMigrationPreflight *preflight; /* the one that decides */

  PgmEngine *engine;
  PgmAssistantStep step;
  gboolean looked;  /* the tree shows what these ends have */
  gboolean checked; /* the preflight was made with what is filled in now */
  gboolean starting;
  gboolean started; /* what stands there has been started: begins anew when shown */
  GCancellable *cancellable;
};

static void pgm_migration_assistant_shell_page_init (PgmShellPageInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (PgmMigrationAssistant,
                               pgm_migration_assistant,
                               ADW_TYPE_BIN,
                               G_IMPLEMENT_INTERFACE (PGM_TYPE_SHELL_PAGE,
                                                      pgm_migration_assistant_shell_page_init))

static const struct
{
  const char *name;
  const char *title;
} steps[N_STEPS] = {
  { "ends", N_ ("1 of 4: From where to where") },
  { "what", N_ ("2 of 4: What is moved") },
  { "how", N_ ("3 of 4: How") },
  { "check", N_ ("4 of 4: What would go wrong") },
};

static void
toast (PgmMigrationAssistant *self, const char *text)
{
  g_autofree char *plain = pgm_display_text (text);
  g_autofree char *escaped = g_markup_escape_text (plain, -1);

  adw_toast_overlay_add_toast (self->toasts, adw_toast_new (escaped));
}

/* ---- what is filled in ---- */

static PgmJobSpec *
make_spec (PgmMigrationAssistant *self)
{
  PgmJobSpec *spec = pgm_record_new (&pgm_job_spec_type);

  spec->kind = PGM_JOB_CLONE;
  spec->source = pgm_migration_end_make_endpoint (self->source);
  spec->destination = pgm_migration_end_make_endpoint (self->destination);
  spec->clone = pgm_record_new (&pgm_clone_options_type);
  spec->clone->exclude = pgm_migration_selection_make_excludes (self->selection);
  if (self->options != NULL)
    pgm_migration_options_apply (self->options, spec);
  else
    spec->follow = pgm_record_new (&pgm_follow_options_type);
  return spec;
}

static gboolean
has_ends (PgmMigrationAssistant *self)
{
  return pgm_migration_end_is_good (self->source) && pgm_migration_end_is_good (self->destination);
}

static gboolean
may_go_on (PgmMigrationAssistant *self)
{
  switch (self->step)
    {
    case PGM_ASSISTANT_ENDS:
      return has_ends (self);
    case PGM_ASSISTANT_WHAT:
      return self->looked && pgm_migration_selection_is_complete (self->selection);
    case PGM_ASSISTANT_HOW:
      return TRUE;
    case PGM_ASSISTANT_CHECK:
    default:
      return FALSE;
    }
}

/* Why the next step can't be taken yet. */
static const char *
hint (PgmMigrationAssistant *self)
{
  if (self->step == PGM_ASSISTANT_ENDS && !has_ends (self))
    return _ ("Both servers have to answer first.");
  if (self->step == PGM_ASSISTANT_WHAT && !may_go_on (self) && self->looked)
    return _ ("Choose at least one table.");
  if (self->step == PGM_ASSISTANT_CHECK && pgm_migration_preflight_get_report (self->preflight) &&
      !pgm_migration_preflight_is_clear (self->preflight))
    return _ ("It can start as soon as no blocker is left.");
  return "";
}

static void
show_actions (PgmMigrationAssistant *self)
{
  GtkWidget *widget = GTK_WIDGET (self);
  gboolean last = self->step == PGM_ASSISTANT_CHECK;

  gtk_widget_action_set_enabled (widget, "assistant.back", self->step > 0 && !self->starting);
  gtk_widget_action_set_enabled (widget, "assistant.next", may_go_on (self));
  gtk_widget_action_set_enabled (widget, "assistant.check",
                                 last && !pgm_migration_preflight_is_running (self->preflight));
  gtk_widget_action_set_enabled (widget, "assistant.start",
                                 last && !self->starting &&
                                     pgm_migration_preflight_is_clear (self->preflight));
  gtk_widget_set_visible (self->next_button, !last);
  gtk_widget_set_visible (self->start_button, last);
  gtk_label_set_text (self->hint_label, hint (self));
}

/* Other ends have other tables. */
static void
on_ends (PgmMigrationAssistant *self)
{
  self->looked = FALSE;
  self->checked = FALSE;
  if (pgm_migration_preflight_is_running (self->look))
    pgm_migration_preflight_reset (self->look);
  show_actions (self);
}

static void
on_choice (PgmMigrationAssistant *self)
{
  self->checked = FALSE;
  show_actions (self);
}

static void
ensure_options (PgmMigrationAssistant *self)
{
  if (self->options != NULL)
    return;
  self->options = g_object_new (PGM_TYPE_MIGRATION_OPTIONS, NULL);
  adw_bin_set_child (self->options_bin, GTK_WIDGET (self->options));
  g_signal_connect_swapped (self->options, "changed", G_CALLBACK (on_choice), self);
}

/* ---- steps ---- */

static void
look_at_source (PgmMigrationAssistant *self)
{
  PgmJobSpec *spec;

  if (self->looked || pgm_migration_preflight_is_running (self->look))
    return;
  spec = make_spec (self);
  g_clear_pointer (&spec->clone->exclude, g_strfreev);
  pgm_migration_selection_set_notice (self->selection, _ ("Looking at the Source…"), NULL);
  pgm_migration_preflight_run (self->look, spec);
  pgm_record_unref (spec);
}

static void
on_looked (PgmMigrationAssistant *self)
{
  const PgmReport *report = pgm_migration_preflight_get_report (self->look);

  if (report == NULL || pgm_migration_preflight_is_running (self->look))
    return;
  if (report->plan->len > 0)
    {
      self->looked = TRUE;
      pgm_migration_selection_set_tables (self->selection, report->plan);
    }
  else
    pgm_migration_selection_set_notice (self->selection, _ ("There Is Nothing to Move"),
                                        report->error != NULL ? report->error
                                                              : _ ("The source has no tables."));
  show_actions (self);
}

static void
check (PgmMigrationAssistant *self)
{
  PgmJobSpec *spec = make_spec (self);

  self->checked = TRUE;
  pgm_migration_preflight_run (self->preflight, spec);
  pgm_record_unref (spec);
}

static void
show_step (PgmMigrationAssistant *self, PgmAssistantStep step)
{
  self->step = step;
  gtk_stack_set_visible_child_name (self->steps, steps[step].name);
  gtk_label_set_text (self->step_label, _ (steps[step].title));
  if (step == PGM_ASSISTANT_WHAT)
    look_at_source (self);
  else if (step == PGM_ASSISTANT_HOW)
    ensure_options (self);
  else if (step == PGM_ASSISTANT_CHECK && !self->checked)
    check (self);
  show_actions (self);
}

static void
next_step (GtkWidget *widget, const char *name, GVariant *parameter)
{
  PgmMigrationAssistant *self = PGM_MIGRATION_ASSISTANT (widget);

  show_step (self, self->step + 1);
}

static void
step_back (GtkWidget *widget, const char *name, GVariant *parameter)
{
  PgmMigrationAssistant *self = PGM_MIGRATION_ASSISTANT (widget);

  show_step (self, self->step - 1);
}

static void
check_again (GtkWidget *widget, const char *name, GVariant *parameter)
{
  check (PGM_MIGRATION_ASSISTANT (widget));
}

/* ---- the start ---- */

/* The page that the window has put there. */
static void
propose_cutover (PgmMigrationAssistant *self)
{
  GtkWidget *stack = gtk_widget_get_parent (GTK_WIDGET (self));
  GtkWidget *page = GTK_IS_STACK (stack) ? gtk_stack_get_visible_child (GTK_STACK (stack)) : NULL;

  if (page != NULL && PGM_IS_MIGRATION_PAGE (page))
    pgm_migration_page_set_cutover_defaults (PGM_MIGRATION_PAGE (page),
                                             pgm_migration_options_get_fence (self->options),
                                             pgm_migration_options_get_way_back (self->options));
}

static void
on_started (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (PgmMigrationAssistant) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *id = pgm_engine_start_job_finish (PGM_ENGINE (source), result, &error);

  self->starting = FALSE;
  if (id == NULL)
    {
      toast (self, error->message);
      show_actions (self);
      return;
    }
  gtk_widget_activate_action (GTK_WIDGET (self), "win.show-migration", "s", id);
  propose_cutover (self);
  self->started = TRUE;
}

static void
start (GtkWidget *widget, const char *name, GVariant *parameter)
{
  PgmMigrationAssistant *self = PGM_MIGRATION_ASSISTANT (widget);
  PgmJobSpec *spec = make_spec (self);

  self->starting = TRUE;
  show_actions (self);
  pgm_engine_start_job_async (self->engine, spec, NULL, on_started, g_object_ref (self));
  pgm_record_unref (spec);
}

/* ---- clusters ---- */

static void
on_clusters (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (PgmMigrationAssistant) self = user_data;
  GPtrArray *clusters = pgm_engine_ask_finish (PGM_ENGINE (source), result, NULL);

  if (clusters == NULL)
    return;
  pgm_migration_end_set_clusters (self->source, clusters);
  pgm_migration_end_set_clusters (self->destination, clusters);
  pgm_question_free_answer (PGM_ASK_LIST_CLUSTERS, clusters);
}

static void
ask_clusters (PgmMigrationAssistant *self)
{
  pgm_engine_ask_async (self->engine, PGM_ASK_LIST_CLUSTERS, NULL, NULL, self->cancellable,
                        on_clusters, g_object_ref (self));
}

/* ---- as a page of the shell ---- */

static const char *
get_title (PgmShellPage *page)
{
  return _ ("New Migration");
}

static void
set_shown (PgmShellPage *page, gboolean shown)
{
  PgmMigrationAssistant *self = PGM_MIGRATION_ASSISTANT (page);

  if (!shown)
    return;
  ask_clusters (self);
  /* The next one is another one: it is checked anew. */
  if (self->started)
    {
      self->started = FALSE;
      self->checked = FALSE;
      pgm_migration_preflight_reset (self->preflight);
      show_step (self, PGM_ASSISTANT_ENDS);
    }
}

static void
pgm_migration_assistant_shell_page_init (PgmShellPageInterface *iface)
{
  iface->get_title = get_title;
  iface->set_shown = set_shown;
}

/* ---- the object ---- */

static void
pgm_migration_assistant_dispose (GObject *object)
{
  PgmMigrationAssistant *self = PGM_MIGRATION_ASSISTANT (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->look);
  g_clear_object (&self->engine);
  G_OBJECT_CLASS (pgm_migration_assistant_parent_class)->dispose (object);
}

static void
pgm_migration_assistant_finalize (GObject *object)
{
  g_clear_object (&PGM_MIGRATION_ASSISTANT (object)->cancellable);
  G_OBJECT_CLASS (pgm_migration_assistant_parent_class)->finalize (object);
}

static void
pgm_migration_assistant_class_init (PgmMigrationAssistantClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = pgm_migration_assistant_dispose;
  G_OBJECT_CLASS (klass)->finalize = pgm_migration_assistant_finalize;
  g_type_ensure (PGM_TYPE_MIGRATION_END);
  g_type_ensure (PGM_TYPE_MIGRATION_SELECTION);
  g_type_ensure (PGM_TYPE_MIGRATION_PREFLIGHT);
  gtk_widget_class_set_template_from_resource (
      widget_class, "/io/github/pgmanager/Pgmanager/migration-assistant.ui");
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationAssistant, toasts);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationAssistant, steps);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationAssistant, step_label);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationAssistant, hint_label);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationAssistant, next_button);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationAssistant, start_button);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationAssistant, source);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationAssistant, destination);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationAssistant, selection);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationAssistant, options_bin);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationAssistant, preflight);
  gtk_widget_class_install_action (widget_class, "assistant.next", NULL, next_step);
  gtk_widget_class_install_action (widget_class, "assistant.back", NULL, step_back);
  gtk_widget_class_install_action (widget_class, "assistant.check", NULL, check_again);
  gtk_widget_class_install_action (widget_class, "assistant.start", NULL, start);
}

static void
pgm_migration_assistant_init (PgmMigrationAssistant *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  self->cancellable = g_cancellable_new ();
  self->look = g_object_ref_sink (g_object_new (PGM_TYPE_MIGRATION_PREFLIGHT, NULL));
  g_signal_connect_object (self->look, "changed", G_CALLBACK (on_looked), self, G_CONNECT_SWAPPED);
  g_signal_connect_swapped (self->source, "changed", G_CALLBACK (on_ends), self);
  g_signal_connect_swapped (self->destination, "changed", G_CALLBACK (on_ends), self);
  g_signal_connect_swapped (self->selection, "changed", G_CALLBACK (on_choice), self);
  g_signal_connect_swapped (self->preflight, "changed", G_CALLBACK (show_actions), self);
  show_step (self, PGM_ASSISTANT_ENDS);
}

PgmMigrationAssistant *
pgm_migration_assistant_new (PgmEngine *engine)
{
  PgmMigrationAssistant *self = g_object_new (PGM_TYPE_MIGRATION_ASSISTANT, NULL);

  self->engine = g_object_ref (engine);
  pgm_migration_preflight_set_engine (self->look, engine);
  pgm_migration_preflight_set_engine (self->preflight, engine);
  pgm_migration_end_set_up (self->source, engine, _ ("Source"));
  pgm_migration_end_set_up (self->destination, engine, _ ("Destination"));
  return self;
}

PgmAssistantStep
pgm_migration_assistant_get_step (PgmMigrationAssistant *self)
{
  return self->step;
}

PgmMigrationEnd *
pgm_migration_assistant_get_source (PgmMigrationAssistant *self)
{
  return self->source;
}

PgmMigrationEnd *
pgm_migration_assistant_get_destination (PgmMigrationAssistant *self)
{
  return self->destination;
}

PgmMigrationSelection *
pgm_migration_assistant_get_selection (PgmMigrationAssistant *self)
{
  return self->selection;
}

PgmMigrationOptions *
pgm_migration_assistant_get_options (PgmMigrationAssistant *self)
{
  ensure_options (self);
  return self->options;
}

PgmMigrationPreflight *
pgm_migration_assistant_get_preflight (PgmMigrationAssistant *self)
{
  return self->preflight;
}
