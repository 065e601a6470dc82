#include "app/migration-strip.h"

#include "core/i18n.h"
#include "core/units.h"

#define MAX_STEPS 8

typedef struct
{
  PgmPhase phase;
  const char *label; /* N_() */
  guint kinds;       /* bits of PgmStripKind */
} StepInfo;

#define BIT(kind)   (1u << (kind))
#define COPIES      (BIT (PGM_STRIP_CLONE) | BIT (PGM_STRIP_FOLLOW))
#define FOLLOWS     (BIT (PGM_STRIP_FOLLOW) | BIT (PGM_STRIP_CHANGES))
#define STARTS_WITH (COPIES | FOLLOWS | BIT (PGM_STRIP_COMPARE))

static const StepInfo infos[] = {
  { PGM_PHASE_CONNECTING, N_ ("Connect"), STARTS_WITH },
  { PGM_PHASE_PREFLIGHT, N_ ("Check"), COPIES },
  { PGM_PHASE_SCHEMA, N_ ("Schema"), COPIES },
  { PGM_PHASE_COPY, N_ ("Copy"), COPIES },
  { PGM_PHASE_INDEXES, N_ ("Indexes"), COPIES },
  { PGM_PHASE_CATCH_UP, N_ ("Catch up"), FOLLOWS },
  { PGM_PHASE_STREAMING, N_ ("Follow"), FOLLOWS },
  { PGM_PHASE_SWITCHOVER, N_ ("Cut over"), FOLLOWS },
  { PGM_PHASE_VERIFY, N_ ("Compare"), BIT (PGM_STRIP_COMPARE) },
};

/* Indexed by PgmStepState. */
static const struct
{
  const char *icon;
  const char *css_class;
  const char *meaning;
} looks[] = {
  { "content-loading-symbolic", "dim-label", N_ ("waiting") },
  { "media-playback-start-symbolic", "accent", N_ ("under way") },
  { "object-select-symbolic", "success", N_ ("done") },
  { "window-close-symbolic", "error", N_ ("failed") },
  { "media-playback-stop-symbolic", "warning", N_ ("stopped") },
};

typedef struct
{
  const StepInfo *info;
  GtkWidget *box;
  GtkWidget *icon;
  GtkWidget *label;
  GtkWidget *time_label;
  PgmStepState state;
  double seconds; /* shown; below 0: nothing */
} Step;

struct _PgmMigrationStrip
{
  GtkWidget parent_instance;
  PgmStripKind kind;
  Step steps[MAX_STEPS];
  guint n_steps;
  guint present;
};

G_DEFINE_FINAL_TYPE (PgmMigrationStrip, pgm_migration_strip, GTK_TYPE_WIDGET)

static void
speak (Step *step)
{
  const char *time = gtk_label_get_text (GTK_LABEL (step->time_label));
  g_autofree char *spoken =
      g_strdup_printf ("%s: %s %s", _ (step->info->label), _ (looks[step->state].meaning), time);

  gtk_accessible_update_property (GTK_ACCESSIBLE (step->box), GTK_ACCESSIBLE_PROPERTY_LABEL, spoken,
                                  -1);
}

static void
set_state (Step *step, PgmStepState state)
{
  const char *const classes[] = { looks[state].css_class, NULL };

  step->state = state;
  gtk_image_set_from_icon_name (GTK_IMAGE (step->icon), looks[state].icon);
  gtk_widget_set_css_classes (step->icon, (const char **) (guintptr) classes);
  if (state == PGM_STEP_PRESENT)
    gtk_widget_add_css_class (step->label, "heading");
  else
    gtk_widget_remove_css_class (step->label, "heading");
  speak (step);
}

static void
set_seconds (Step *step, double seconds)
{
  g_autofree char *text = seconds < 0 ? g_strdup ("") : pgm_format_duration (seconds);

  step->seconds = seconds;
  if (g_strcmp0 (text, gtk_label_get_text (GTK_LABEL (step->time_label))) == 0)
    return;
  gtk_label_set_text (GTK_LABEL (step->time_label), text);
  speak (step);
}

static void
show_present (PgmMigrationStrip *self, PgmStepState state)
{
  for (guint i = 0; i < self->n_steps; i++)
    {
      PgmStepState wanted = i < self->present    ? PGM_STEP_DONE
                            : i == self->present ? state
                                                 : PGM_STEP_WAITING;

      if (self->steps[i].state != wanted)
        set_state (&self->steps[i], wanted);
    }
}

static GtkWidget *
make_label (const char *text, const char *css_class)
{
  GtkWidget *label = gtk_label_new (text);

  gtk_label_set_xalign (GTK_LABEL (label), 0);
  if (css_class != NULL)
    gtk_widget_add_css_class (label, css_class);
  return label;
}

static void
add_step (PgmMigrationStrip *self, const StepInfo *info)
{
  Step *step = &self->steps[self->n_steps++];
  GtkWidget *words = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);

  step->info = info;
  step->box =
      g_object_new (GTK_TYPE_BOX, "spacing", 5, "accessible-role", GTK_ACCESSIBLE_ROLE_IMG, NULL);
  step->icon = gtk_image_new ();
  gtk_widget_set_valign (step->icon, GTK_ALIGN_START);
  step->label = make_label (_ (info->label), NULL);
  step->time_label = make_label ("", "caption");
  gtk_widget_add_css_class (step->time_label, "dim-label");
  gtk_widget_add_css_class (step->time_label, "numeric");
  gtk_box_append (GTK_BOX (words), step->label);
  gtk_box_append (GTK_BOX (words), step->time_label);
  gtk_box_append (GTK_BOX (step->box), step->icon);
  gtk_box_append (GTK_BOX (step->box), words);
  gtk_widget_set_tooltip_text (step->box, _ (info->label));
  gtk_widget_set_parent (step->box, GTK_WIDGET (self));
  step->seconds = -1;
  set_state (step, PGM_STEP_WAITING);
}

static void
remove_steps (PgmMigrationStrip *self)
{
  GtkWidget *child;

  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self))) != NULL)
    gtk_widget_unparent (child);
  self->n_steps = 0;
  self->present = 0;
}

static void
pgm_migration_strip_dispose (GObject *object)
{
  remove_steps (PGM_MIGRATION_STRIP (object));
  G_OBJECT_CLASS (pgm_migration_strip_parent_class)->dispose (object);
}

static void
pgm_migration_strip_class_init (PgmMigrationStripClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = pgm_migration_strip_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), GTK_TYPE_BOX_LAYOUT);
  gtk_widget_class_set_css_name (GTK_WIDGET_CLASS (klass), "migrationstrip");
  gtk_widget_class_set_accessible_role (GTK_WIDGET_CLASS (klass), GTK_ACCESSIBLE_ROLE_GROUP);
}

static void
pgm_migration_strip_init (PgmMigrationStrip *self)
{
  GtkLayoutManager *layout = gtk_widget_get_layout_manager (GTK_WIDGET (self));

  gtk_box_layout_set_spacing (GTK_BOX_LAYOUT (layout), 14);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _ ("Phases"), -1);
  self->kind = PGM_STRIP_COMPARE;
  pgm_migration_strip_set_kind (self, PGM_STRIP_FOLLOW);
}

void
pgm_migration_strip_set_kind (PgmMigrationStrip *self, PgmStripKind kind)
{
  if (kind == self->kind)
    return;
  self->kind = kind;
  remove_steps (self);
  for (gsize i = 0; i < G_N_ELEMENTS (infos); i++)
    if ((infos[i].kinds & BIT (kind)) != 0 && self->n_steps < MAX_STEPS)
      add_step (self, &infos[i]);
  show_present (self, PGM_STEP_PRESENT);
}

/* Where a phase has no place of its own in the row. */
static int
standing_for (int phase)
{
  if (phase == PGM_PHASE_SWITCHOVER_COMPLETE)
    return PGM_PHASE_SWITCHOVER;
  return phase == PGM_PHASE_IDLE ? PGM_PHASE_CONNECTING : phase;
}

static int
find_step (PgmMigrationStrip *self, int phase)
{
  for (guint i = 0; i < self->n_steps; i++)
    if ((int) self->steps[i].info->phase == standing_for (phase))
      return (int) i;
  return -1;
}

/* A phase that came several times took the sum of them. */
static void
show_durations (PgmMigrationStrip *self, const PgmSnapshot *snapshot)
{
  double sums[MAX_STEPS];

  for (guint i = 0; i < MAX_STEPS; i++)
    sums[i] = -1;
  for (guint i = 0; i < snapshot->phases->len; i++)
    {
      const PgmPhaseEntry *entry = g_ptr_array_index (snapshot->phases, i);
      int step = find_step (self, entry->phase);

      if (step >= 0)
        sums[step] = MAX (sums[step], 0) + entry->duration_sec;
    }
  for (guint i = 0; i < self->n_steps; i++)
    set_seconds (&self->steps[i], sums[i]);
}

/* A pause, a comparison and the like leave the present step where it is, and a step
 * back (catching up anew after a lost connection) is shown as one. */
void
pgm_migration_strip_show (PgmMigrationStrip *self, const PgmSnapshot *snapshot)
{
  int step = find_step (self, snapshot->phase);

  show_durations (self, snapshot);
  if (step >= 0)
    self->present = (guint) step;
  show_present (self, snapshot->phase == PGM_PHASE_SWITCHOVER_COMPLETE ? PGM_STEP_DONE
                                                                       : PGM_STEP_PRESENT);
}

void
pgm_migration_strip_end (PgmMigrationStrip *self, PgmStepState state)
{
  show_present (self, state);
}

GtkWidget *
pgm_migration_strip_get_present (PgmMigrationStrip *self)
{
  return self->steps[self->present].box;
}

guint
pgm_migration_strip_get_n_steps (PgmMigrationStrip *self)
{
  return self->n_steps;
}

PgmStepState
pgm_migration_strip_get_step (PgmMigrationStrip *self, guint step)
{
  g_return_val_if_fail (step < self->n_steps, PGM_STEP_WAITING);
  return self->steps[step].state;
}
