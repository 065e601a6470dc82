/* The tables of one database as a list model, made for tens of thousands of them: filled
 * from a thread, filtered by one pass over names that were folded before, with one change
 * of the list as the result. */
#pragma once

#include <gio/gio.h>

#include "model/introspection.h"

G_BEGIN_DECLS

#define PGM_TYPE_RELATION (pgm_relation_get_type ())
G_DECLARE_FINAL_TYPE (PgmRelation, pgm_relation, PGM, RELATION, GObject)

/* Borrowed. */
const char *pgm_relation_get_schema (PgmRelation *self);
const PgmTableSize *pgm_relation_get_table (PgmRelation *self);

#define PGM_TYPE_RELATION_LIST (pgm_relation_list_get_type ())
G_DECLARE_FINAL_TYPE (PgmRelationList, pgm_relation_list, PGM, RELATION_LIST, GObject)

PgmRelationList *pgm_relation_list_new (void);

/* Replaces what is in it by the tables of @database, whose schemas are listed; NULL
 * empties it. The work is done elsewhere; "filled" is emitted when it is done. */
void pgm_relation_list_fill (PgmRelationList *self, PgmDatabaseSize *database);

/* Only tables of @schema (NULL: of all), with every word of @search in their name. */
void pgm_relation_list_filter (PgmRelationList *self, const char *schema, const char *search);

/* All of them, and the bytes of those that are shown. */
guint pgm_relation_list_get_n_all (PgmRelationList *self);
guint64 pgm_relation_list_get_bytes (PgmRelationList *self);

G_END_DECLS
