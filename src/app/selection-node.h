/* One line of the tree of what is moved: a schema, or a table in it. Checking a schema
 * checks its tables; "changed" tells the lines that show it. */
#pragma once

#include <gio/gio.h>

#include "model/report.h"

G_BEGIN_DECLS

#define PGM_TYPE_SELECTION_NODE (pgm_selection_node_get_type ())
G_DECLARE_FINAL_TYPE (PgmSelectionNode, pgm_selection_node, PGM, SELECTION_NODE, GObject)

typedef enum
{
  PGM_CHOSEN_NONE,
  PGM_CHOSEN_SOME,
  PGM_CHOSEN_ALL,
} PgmChosen;

PgmSelectionNode *pgm_selection_node_new_schema (const char *name);

/* Adds itself to @schema, which must outlive it. Borrowed from there. */
PgmSelectionNode *
pgm_selection_node_add_table (PgmSelectionNode *schema, const PgmPlanTable *table);

const char *pgm_selection_node_get_name (PgmSelectionNode *self);
gboolean pgm_selection_node_is_schema (PgmSelectionNode *self);
gint64 pgm_selection_node_get_rows (PgmSelectionNode *self); /* estimated; -1: not known */
guint64 pgm_selection_node_get_bytes (PgmSelectionNode *self);
GListModel *pgm_selection_node_get_tables (PgmSelectionNode *self); /* of a schema. Borrowed */

PgmChosen pgm_selection_node_get_chosen (PgmSelectionNode *self);
void pgm_selection_node_set_chosen (PgmSelectionNode *self, gboolean chosen);

/* What is chosen of it, as numbers. */
guint pgm_selection_node_count (PgmSelectionNode *self, guint64 *bytes);

/* @needle: as pgm_table_row_fold() makes it; NULL matches all. A schema matches when one
 * of its tables does. */
gboolean pgm_selection_node_matches (PgmSelectionNode *self, const char *needle);

/* Adds patterns that leave out what isn't chosen of a schema. */
void pgm_selection_node_add_excludes (PgmSelectionNode *self, GStrvBuilder *patterns);

G_END_DECLS
