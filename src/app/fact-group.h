/* A titled list of PgmFactRow, kept up to date by keys: rows stay, change in place, come
 * and go.
 *
 *   pgm_fact_group_begin (group);
 *   for each: row = pgm_fact_group_get_row (group, key); …
 *   pgm_fact_group_end (group);
 */
#pragma once

#include "app/fact-row.h"

G_BEGIN_DECLS

#define PGM_TYPE_FACT_GROUP (pgm_fact_group_get_type ())
G_DECLARE_FINAL_TYPE (PgmFactGroup, pgm_fact_group, PGM, FACT_GROUP, GtkWidget)

/* @title: NULL for none. @empty: what stands there when there is no row; NULL: then the group is hidden. */
PgmFactGroup *pgm_fact_group_new (const char *title, const char *empty);

void pgm_fact_group_set_description (PgmFactGroup *self, const char *description);

/* A button or the like beside the title. */
void pgm_fact_group_set_suffix (PgmFactGroup *self, GtkWidget *widget);

void pgm_fact_group_begin (PgmFactGroup *self);

/* Borrowed; new ones go behind those that are there. */
PgmFactRow *pgm_fact_group_get_row (PgmFactGroup *self, const char *key);

/* Removes the rows that weren't asked for since the beginning. */
void pgm_fact_group_end (PgmFactGroup *self);

guint pgm_fact_group_get_n_rows (PgmFactGroup *self);

/* Borrowed, or NULL. */
PgmFactRow *pgm_fact_group_find_row (PgmFactGroup *self, const char *key);

G_END_DECLS
