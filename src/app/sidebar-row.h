/* One row of the sidebar: a sign, a name, a line about how it stands, and what else
 * there is to see of it. Each follows its item in place. */
#pragma once

#include <gtk/gtk.h>

#include "app/cluster-item.h"
#include "app/job-item.h"

G_BEGIN_DECLS

#define PGM_TYPE_SIDEBAR_ROW (pgm_sidebar_row_get_type ())
G_DECLARE_FINAL_TYPE (PgmSidebarRow, pgm_sidebar_row, PGM, SIDEBAR_ROW, GtkListBoxRow)

GtkWidget *pgm_sidebar_row_new_for_cluster (PgmClusterItem *item);
GtkWidget *pgm_sidebar_row_new_for_job (PgmJobItem *item);
GtkWidget *pgm_sidebar_row_new_for_place (const char *key, const char *icon, const char *title);

/* "cluster:ID", "job:ID", or the key that was given. */
const char *pgm_sidebar_row_get_key (PgmSidebarRow *self);
PgmClusterItem *pgm_sidebar_row_get_cluster (PgmSidebarRow *self);
PgmJobItem *pgm_sidebar_row_get_job (PgmSidebarRow *self);

/* @words: lower case, NULL-terminated; each must be somewhere in it. */
gboolean pgm_sidebar_row_matches (PgmSidebarRow *self, const char *const *words);

G_END_DECLS
