/* A graph with its title, the newest value and the choice of what it spans. Its
 * property "span" ("minute", "hour", "all") is also an action of that name. */
#pragma once

#include "app/graph-view.h"

G_BEGIN_DECLS

#define PGM_TYPE_GRAPH_PANEL (pgm_graph_panel_get_type ())
G_DECLARE_FINAL_TYPE (PgmGraphPanel, pgm_graph_panel, PGM, GRAPH_PANEL, GtkWidget)

void pgm_graph_panel_set_up (PgmGraphPanel *self, const char *title, PgmGraphUnit unit);

/* Adds to the graph and shows the value beside the title. */
void pgm_graph_panel_add (PgmGraphPanel *self, gint64 time, double value);

/* Owned by the panel. */
PgmGraphView *pgm_graph_panel_get_view (PgmGraphPanel *self);

G_END_DECLS
