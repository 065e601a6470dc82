/* What our role may do on a cluster, by purpose, the GRANTs that are missing, and a whole
 * role as a script; all of it to be copied. */
#pragma once

#include <adwaita.h>

#include "app/state-view.h"
#include "engine/engine.h"

G_BEGIN_DECLS

#define PGM_TYPE_PRIVILEGES_PAGE (pgm_privileges_page_get_type ())
G_DECLARE_FINAL_TYPE (PgmPrivilegesPage, pgm_privileges_page, PGM, PRIVILEGES_PAGE, AdwBin)

/* "answered" (PgmPrivilegeMatrix *) with each answer. */
PgmPrivilegesPage *pgm_privileges_page_new (PgmEngine *engine, const char *cluster_id);

/* Asks at once, for others wait for the answer. */
void pgm_privileges_page_set_node (PgmPrivilegesPage *self, const char *node_id);
void pgm_privileges_page_refresh (PgmPrivilegesPage *self);

/* For looking at. Borrowed. */
PgmStateView *pgm_privileges_page_get_state_view (PgmPrivilegesPage *self);
const char *pgm_privileges_page_get_script (PgmPrivilegesPage *self);
guint pgm_privileges_page_count_missing (PgmPrivilegesPage *self);

G_END_DECLS
