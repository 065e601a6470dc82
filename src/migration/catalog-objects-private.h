/* What the files of the object reader share; nobody else includes this.
 *
 * A query gives identity, schema, relation, ddl and form (catalog-objects.h). It
 * may name macros (@name, @name(argument, …); catalog-objects-macros.c), and hold
 * choices by version, also one in another:
 *
 *   $14{a$:b$}    a from 14 on, else b, by the server's own major
 *   $b14{a$:b$}   a when both servers are of 14 or later
 *   $x14{a$:b$}   a when just one of them is
 *   $same{a$:b$}  a when both are of one major
 *   $super{a$:b$} a when we are superuser on both
 */
#pragma once

#include "migration/catalog-objects.h"

G_BEGIN_DECLS

typedef enum
{
  PGM_OBJECT_QUERY_OWNER = 1 << 0, /* left out with no_owner */
  PGM_OBJECT_QUERY_ACL = 1 << 1,   /* left out with no_acl */
} PgmObjectQueryFlags;

typedef struct
{
  const char *object_class;
  const char *sql;
  int flags;
  int since; /* the oldest major it works on, 0: any */
} PgmObjectQuery;

/* Each ends with a NULL class. */
extern const PgmObjectQuery pgm_object_queries_relations[];
extern const PgmObjectQuery pgm_object_queries_code[];
extern const PgmObjectQuery pgm_object_queries_other[];
extern const PgmObjectQuery pgm_object_queries_attributes[];

/* The statement that is sent to a server of @major. Transfer full. */
char *pgm_object_query_expand (const char *sql, int major, const PgmCatalogObjectOptions *options);

G_END_DECLS
