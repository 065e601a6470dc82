/* One throw-away cluster: initdb, start, stop. Private to the room. */
#pragma once

#include "core/error.h"

G_BEGIN_DECLS

/* Who the servers run as: -1, -1 for ourselves; another user when we are root. */
typedef struct
{
  gint64 uid;
  gint64 gid;
} PgmDemoUser;

gboolean pgm_demo_user_find (PgmDemoUser *user, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A private directory with a short path (a socket's path must stay under 107
 * bytes), owned by @user. Transfer full. */
char *pgm_demo_directory_make (const PgmDemoUser *user, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Makes and starts a cluster in @directory/@name, with its socket there too. */
gboolean pgm_demo_cluster_start (const char *bindir,
                                 const PgmDemoUser *user,
                                 const char *directory,
                                 const char *name,
                                 GCancellable *cancellable,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Stops it when it runs; a cluster that was never made is no error. */
gboolean pgm_demo_cluster_stop (const char *bindir,
                                const PgmDemoUser *user,
                                const char *directory,
                                const char *name,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Removes @directory with everything in it. */
gboolean
pgm_demo_directory_remove (const char *directory, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
