/* Before a cutover: what will happen, how, and, where the cluster is protected, its
 * name typed. The button is the action cutover.start of the view around it. */
#pragma once

#include <gtk/gtk.h>

#include "model/request.h"

G_BEGIN_DECLS

#define PGM_TYPE_CUTOVER_ASK (pgm_cutover_ask_get_type ())
G_DECLARE_FINAL_TYPE (PgmCutoverAsk, pgm_cutover_ask, PGM, CUTOVER_ASK, GtkWidget)

void pgm_cutover_ask_set_back (PgmCutoverAsk *self, gboolean back);

/* Where writes go to (plain text), and whether its name has to be typed. */
void pgm_cutover_ask_set_target (PgmCutoverAsk *self, const char *name, gboolean is_protected);

void pgm_cutover_ask_set_defaults (PgmCutoverAsk *self, int fence, gboolean keep_way_back);

/* How far behind the other side is; shown, since that is what will be waited for. */
void pgm_cutover_ask_set_lag (PgmCutoverAsk *self, guint64 bytes, double seconds);

/* Everything that is needed is there. Signal "changed" () when it may be another. */
gboolean pgm_cutover_ask_is_complete (PgmCutoverAsk *self);

/* Transfer full. */
PgmSwitchoverOptions *pgm_cutover_ask_make_options (PgmCutoverAsk *self);

G_END_DECLS
