/* The objects of a database, by class, each with a name that means the same on
 * another server and the statement that would make it.
 *
 * Class by class one set-based query, so the number of round trips does not
 * depend on the number of objects. Left out: what belongs to an extension,
 * PostgreSQL's own objects, and the schema "pgmanager".
 *
 * What only a server's version decides is not written: the MAINTAIN privilege
 * when the other side does not know it, NOT NULL constraints as objects of their
 * own, the default state of schema public, the default version of an extension.
 */
#pragma once

#include "postgres/connection.h"

G_BEGIN_DECLS

typedef struct
{
  const char *object_class; /* "table", "index", … static */
  char *identity;           /* "shop.orders", "orders_pkey ON shop.orders" */
  char *key;                /* the identity as it is compared */
  char *schema;             /* it is in, or NULL */
  char *relation;           /* it belongs to, or NULL */
  char *ddl;                /* for people */
  char *form;               /* what is compared instead of ddl, or NULL */
} PgmCatalogObject;

typedef struct
{
  int other_major;     /* of the server it will be compared with */
  gboolean superusers; /* both sessions': nothing is hidden from them */
  gboolean no_owner;
  gboolean no_acl;
} PgmCatalogObjectOptions;

/* PgmCatalogObject, sorted by class and key. Transfer full. */
GPtrArray *pgm_catalog_objects_read (PgmConnection *connection,
                                     const PgmCatalogObjectOptions *options,
                                     GCancellable *cancellable,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The order of the array: 0 when class and key are the same. */
int pgm_catalog_object_compare (const PgmCatalogObject *a, const PgmCatalogObject *b);

G_END_DECLS
