#include "app/migration-header.h"

#include "app/migration-words.h"
#include "app/text.h"
#include "core/i18n.h"
#include "core/units.h"
#include "model/job.h"

struct _PgmMigrationHeader
{
  GtkWidget parent_instance;
  GtkImage *state_icon;
  GtkSpinner *spinner;
  GtkLabel *state_label;
  GtkLabel *activity_label;
  GtkProgressBar *overall_bar;
  GtkWidget *buttons[PGM_N_HEADER_BUTTONS];
  PgmMigrationStrip *strip;
  GtkScrolledWindow *strip_scrolled;
  GtkWidget *in_sight; /* the step that was scrolled to, by its address only */
  double width;        /* what there was room for then */
};

G_DEFINE_FINAL_TYPE (PgmMigrationHeader, pgm_migration_header, GTK_TYPE_WIDGET)

/* In the template, by PgmHeaderButton. */
static const char *const button_names[PGM_N_HEADER_BUTTONS] = {
  "pause_button", "resume_button", "verify_button", "cut_over_button", "go_on_button",
};

static void
set_text (GtkLabel *label, const char *text)
{
  if (g_strcmp0 (gtk_label_get_text (label), text) != 0)
    gtk_label_set_text (label, text);
}

static const char *
state_text (const PgmSnapshot *snapshot)
{
  if (pgm_words_is_in_trouble (snapshot))
    return _ ("Trying again");
  switch ((PgmPhase) snapshot->phase)
    {
    case PGM_PHASE_CATCH_UP:
      return _ ("Catching up");
    case PGM_PHASE_STREAMING:
    case PGM_PHASE_SWITCHOVER_COMPLETE:
      return pgm_words_belongs_to_destination (snapshot) ? _ ("Cut over, with a way back")
                                                         : _ ("Following every change");
    case PGM_PHASE_IDLE:
    case PGM_PHASE_CONNECTING:
    case PGM_PHASE_PREFLIGHT:
    case PGM_PHASE_SCHEMA:
    case PGM_PHASE_COPY:
    case PGM_PHASE_INDEXES:
    case PGM_PHASE_SWITCHOVER:
    case PGM_PHASE_VERIFY:
    case PGM_PHASE_PAUSED:
    case PGM_PHASE_DONE:
    case PGM_PHASE_FAILED:
    case PGM_PHASE_STOPPED:
    default:
      return pgm_phase_to_text ((PgmPhase) snapshot->phase);
    }
}

static char *
activity_text (const PgmSnapshot *snapshot)
{
  g_autofree char *changes = NULL;

  if (snapshot->activity != NULL && *snapshot->activity != '\0')
    return pgm_text_to_lines (snapshot->activity);
  if (snapshot->phase == PGM_PHASE_INDEXES && snapshot->indexes_total > 0)
    return g_strdup_printf (_ ("%d of %d indexes and constraints built"),
                            (int) snapshot->indexes_done, (int) snapshot->indexes_total);
  if (snapshot->transactions > 0 || snapshot->phase == PGM_PHASE_STREAMING)
    {
      changes = pgm_format_count (snapshot->changes);
      return g_strdup_printf (_ ("%s changes applied so far"), changes);
    }
  if (snapshot->tables_total > 0)
    return g_strdup_printf (_ ("%d of %d tables copied"), (int) snapshot->tables_copied,
                            (int) snapshot->tables_total);
  return g_strdup ("");
}

static gboolean
is_copying (const PgmSnapshot *snapshot)
{
  return snapshot->phase == PGM_PHASE_SCHEMA || snapshot->phase == PGM_PHASE_COPY ||
         snapshot->phase == PGM_PHASE_INDEXES ||
         (snapshot->phase == PGM_PHASE_VERIFY &&
          g_strcmp0 (snapshot->kind, pgm_job_kind_names[PGM_JOB_COMPARE]) == 0);
}

static void
show_sign (PgmMigrationHeader *self, const char *icon, const char *css_class, gboolean spinning)
{
  const char *const classes[] = { css_class, NULL };

  gtk_widget_set_visible (GTK_WIDGET (self->state_icon), icon != NULL);
  gtk_widget_set_visible (GTK_WIDGET (self->spinner), icon == NULL);
  gtk_spinner_set_spinning (self->spinner, spinning);
  if (icon == NULL)
    return;
  gtk_image_set_from_icon_name (self->state_icon, icon);
  gtk_widget_set_css_classes (GTK_WIDGET (self->state_icon), (const char **) (guintptr) classes);
}

/* In a narrow window not all phases fit; once the present one has its place, it is
 * brought into sight. Whoever scrolls elsewhere stays there until the next one. */
static void
scroll_to_present (PgmMigrationHeader *self)
{
  GtkWidget *present = pgm_migration_strip_get_present (self->strip);
  GtkAdjustment *adjustment = gtk_scrolled_window_get_hadjustment (self->strip_scrolled);
  double width = gtk_adjustment_get_page_size (adjustment);
  graphene_rect_t bounds;

  if ((present == self->in_sight && width == self->width) || gtk_widget_get_width (present) == 0 ||
      !gtk_widget_compute_bounds (present, GTK_WIDGET (self->strip), &bounds))
    return;
  self->in_sight = present;
  self->width = width;
  gtk_adjustment_clamp_page (adjustment, (double) bounds.origin.x - 40,
                             (double) bounds.origin.x + (double) bounds.size.width + 60);
}

void
pgm_migration_header_show (PgmMigrationHeader *self, const PgmSnapshot *snapshot)
{
  g_autofree char *activity = activity_text (snapshot);
  g_autofree char *percent = g_strdup_printf ("%.0f %%", snapshot->percent);

  scroll_to_present (self);
  set_text (self->state_label, state_text (snapshot));
  set_text (self->activity_label, activity);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->activity_label), activity);
  gtk_widget_set_visible (GTK_WIDGET (self->overall_bar), is_copying (snapshot));
  gtk_progress_bar_set_fraction (self->overall_bar, CLAMP (snapshot->percent / 100, 0, 1));
  gtk_progress_bar_set_text (self->overall_bar, percent);
  show_sign (self, NULL, NULL, snapshot->phase != PGM_PHASE_PAUSED);
}

void
pgm_migration_header_end (PgmMigrationHeader *self, const PgmReport *report)
{
  g_autofree char *duration = pgm_format_duration (report->seconds);
  g_autofree char *rows = pgm_format_count (report->rows);
  g_autofree char *text = report->rows > 0
                              ? g_strdup_printf (_ ("%s rows copied; it took %s"), rows, duration)
                              : g_strdup_printf (_ ("It took %s"), duration);

  set_text (self->state_label, pgm_words_outcome (report));
  set_text (self->activity_label, text);
  show_sign (self, pgm_words_outcome_icon (report->outcome),
             pgm_words_outcome_class (report->outcome), FALSE);
  gtk_widget_set_visible (GTK_WIDGET (self->overall_bar), FALSE);
  pgm_migration_strip_end (
      self->strip, report->outcome == PGM_OUTCOME_DONE || report->outcome == PGM_OUTCOME_PROBLEMS ||
                           report->outcome == PGM_OUTCOME_DIFFERENT
                       ? PGM_STEP_DONE
                   : report->outcome == PGM_OUTCOME_INTERRUPTED ? PGM_STEP_STOPPED
                                                                : PGM_STEP_FAILED);
}

void
pgm_migration_header_tell (PgmMigrationHeader *self, const char *state, const char *activity)
{
  if (state != NULL)
    {
      set_text (self->state_label, state);
      show_sign (self, "pgm-migration-symbolic", "dim-label", FALSE);
      gtk_widget_set_visible (GTK_WIDGET (self->overall_bar), FALSE);
    }
  set_text (self->activity_label, activity);
}

void
pgm_migration_header_show_button (PgmMigrationHeader *self, PgmHeaderButton button, gboolean shown)
{
  gtk_widget_set_visible (self->buttons[button], shown);
}

void
pgm_migration_header_set_back (PgmMigrationHeader *self, gboolean back)
{
  gtk_button_set_label (GTK_BUTTON (self->buttons[PGM_BUTTON_CUT_OVER]),
                        back ? _ ("Go _Back…") : _ ("_Cut Over…"));
}

PgmMigrationStrip *
pgm_migration_header_get_strip (PgmMigrationHeader *self)
{
  return self->strip;
}

const char *
pgm_migration_header_get_state (PgmMigrationHeader *self)
{
  return gtk_label_get_text (self->state_label);
}

/* ---- the object ---- */

static void
pgm_migration_header_dispose (GObject *object)
{
  GtkWidget *child;

  while ((child = gtk_widget_get_first_child (GTK_WIDGET (object))) != NULL)
    gtk_widget_unparent (child);
  G_OBJECT_CLASS (pgm_migration_header_parent_class)->dispose (object);
}

static void
pgm_migration_header_class_init (PgmMigrationHeaderClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = pgm_migration_header_dispose;
  g_type_ensure (PGM_TYPE_MIGRATION_STRIP);
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_css_name (widget_class, "migrationheader");
  gtk_widget_class_set_template_from_resource (
      widget_class, "/io/github/pgmanager/Pgmanager/migration-header.ui");
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationHeader, state_icon);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationHeader, spinner);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationHeader, state_label);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationHeader, activity_label);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationHeader, overall_bar);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationHeader, strip);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationHeader, strip_scrolled);
  for (int i = 0; i < PGM_N_HEADER_BUTTONS; i++)
    gtk_widget_class_bind_template_child_full (widget_class, button_names[i], FALSE,
                                               G_STRUCT_OFFSET (PgmMigrationHeader, buttons) +
                                                   i * (goffset) sizeof (GtkWidget *));
}

static void
pgm_migration_header_init (PgmMigrationHeader *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
