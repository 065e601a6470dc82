#include "app/phase-strip.h"

#include "core/i18n.h"

#define N_STEPS G_N_ELEMENTS (steps)

static const struct
{
  PgmPhase phase;
  const char *label;
} steps[] = {
  { PGM_PHASE_IDLE, N_ ("Prepare") },    { PGM_PHASE_PREFLIGHT, N_ ("Check") },
  { PGM_PHASE_SCHEMA, N_ ("Schema") },   { PGM_PHASE_COPY, N_ ("Copy") },
  { PGM_PHASE_INDEXES, N_ ("Indexes") }, { PGM_PHASE_VERIFY, N_ ("Compare") },
};

/* Indexed by PgmStepState. */
static const struct
{
  const char *icon; /* NULL: none */
  const char *css_class;
  const char *meaning;
} looks[] = {
  { NULL, "dim-label", N_ ("waiting") },
  { NULL, "heading", N_ ("under way") },
  { "object-select-symbolic", "success", N_ ("done") },
  { "window-close-symbolic", "error", N_ ("failed") },
  { "media-playback-stop-symbolic", "warning", N_ ("stopped") },
};

typedef struct
{
  GtkWidget *box;
  GtkWidget *icon;
  GtkWidget *label;
  PgmStepState state;
} Step;

struct _PgmPhaseStrip
{
  GtkWidget parent_instance;
  Step steps[N_STEPS];
  guint present;
};

G_DEFINE_FINAL_TYPE (PgmPhaseStrip, pgm_phase_strip, GTK_TYPE_WIDGET)

static void
set_step (PgmPhaseStrip *self, guint index, PgmStepState state)
{
  Step *step = &self->steps[index];
  const char *const classes[] = { looks[state].css_class, NULL };
  g_autofree char *spoken =
      g_strdup_printf ("%s: %s", _ (steps[index].label), _ (looks[state].meaning));

  step->state = state;
  gtk_widget_set_visible (step->icon, looks[state].icon != NULL);
  gtk_image_set_from_icon_name (GTK_IMAGE (step->icon), looks[state].icon);
  gtk_widget_set_css_classes (step->box, (const char **) (guintptr) classes);
  gtk_accessible_update_property (GTK_ACCESSIBLE (step->box), GTK_ACCESSIBLE_PROPERTY_LABEL, spoken,
                                  -1);
}

static void
show_present (PgmPhaseStrip *self, PgmStepState state)
{
  for (guint i = 0; i < N_STEPS; i++)
    set_step (self, i,
              i < self->present    ? PGM_STEP_DONE
              : i == self->present ? state
                                   : PGM_STEP_WAITING);
}

static void
add_step (PgmPhaseStrip *self, guint index)
{
  Step *step = &self->steps[index];

  if (index > 0)
    {
      GtkWidget *arrow = gtk_image_new_from_icon_name ("go-next-symbolic");

      gtk_widget_add_css_class (arrow, "dim-label");
      gtk_accessible_update_state (GTK_ACCESSIBLE (arrow), GTK_ACCESSIBLE_STATE_HIDDEN, TRUE, -1);
      gtk_widget_set_parent (arrow, GTK_WIDGET (self));
    }
  step->box =
      g_object_new (GTK_TYPE_BOX, "spacing", 4, "accessible-role", GTK_ACCESSIBLE_ROLE_IMG, NULL);
  step->icon = gtk_image_new ();
  step->label = gtk_label_new (_ (steps[index].label));
  gtk_box_append (GTK_BOX (step->box), step->icon);
  gtk_box_append (GTK_BOX (step->box), step->label);
  gtk_widget_set_parent (step->box, GTK_WIDGET (self));
}

static void
pgm_phase_strip_dispose (GObject *object)
{
  GtkWidget *child;

  while ((child = gtk_widget_get_first_child (GTK_WIDGET (object))) != NULL)
    gtk_widget_unparent (child);
  G_OBJECT_CLASS (pgm_phase_strip_parent_class)->dispose (object);
}

static void
pgm_phase_strip_class_init (PgmPhaseStripClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = pgm_phase_strip_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), GTK_TYPE_BOX_LAYOUT);
  gtk_widget_class_set_css_name (GTK_WIDGET_CLASS (klass), "phasestrip");
}

static void
pgm_phase_strip_init (PgmPhaseStrip *self)
{
  GtkLayoutManager *layout = gtk_widget_get_layout_manager (GTK_WIDGET (self));

  gtk_box_layout_set_spacing (GTK_BOX_LAYOUT (layout), 9);
  for (guint i = 0; i < N_STEPS; i++)
    add_step (self, i);
  pgm_phase_strip_restart (self);
}

void
pgm_phase_strip_restart (PgmPhaseStrip *self)
{
  self->present = 0;
  show_present (self, PGM_STEP_PRESENT);
}

void
pgm_phase_strip_advance (PgmPhaseStrip *self, PgmPhase phase)
{
  for (guint i = self->present + 1; i < N_STEPS; i++)
    if (steps[i].phase == phase)
      {
        self->present = i;
        show_present (self, PGM_STEP_PRESENT);
        return;
      }
}

void
pgm_phase_strip_end (PgmPhaseStrip *self, PgmStepState state)
{
  if (state == PGM_STEP_DONE)
    self->present = N_STEPS - 1;
  show_present (self, state);
}

guint
pgm_phase_strip_get_n_steps (PgmPhaseStrip *self)
{
  return N_STEPS;
}

PgmStepState
pgm_phase_strip_get_step (PgmPhaseStrip *self, guint step)
{
  g_return_val_if_fail (step < N_STEPS, PGM_STEP_WAITING);
  return self->steps[step].state;
}
