/* The functions behind the questions about clusters and servers; see asks.h. */
#pragma once

#include "engine/asks.h"

G_BEGIN_DECLS

#define PGM_DECLARE_ANSWER(name)                                                                   \
  gpointer pgm_answer_##name (PgmStore *store, const char *id, gpointer request,                   \
                              GCancellable *cancellable, GError **error)

PGM_DECLARE_ANSWER (list_clusters);
PGM_DECLARE_ANSWER (get_cluster);
PGM_DECLARE_ANSWER (add_cluster);
PGM_DECLARE_ANSWER (update_cluster);
PGM_DECLARE_ANSWER (remove_cluster);
PGM_DECLARE_ANSWER (test_connection);
PGM_DECLARE_ANSWER (list_nodes);
PGM_DECLARE_ANSWER (introspect);
PGM_DECLARE_ANSWER (read_replication);
PGM_DECLARE_ANSWER (read_privileges);
PGM_DECLARE_ANSWER (discover);

/* What couldn't be seen, as a PgmCheck; takes @fix_sql, which may be NULL. */
void pgm_asks_add_note (GPtrArray *notes, const char *name, const char *reason, char *fix_sql);
void pgm_asks_note_stats (GPtrArray *notes, const char *quoted_role);
PGM_DECLARE_ANSWER (create_migration);
PGM_DECLARE_ANSWER (preflight_migration);
PGM_DECLARE_ANSWER (read_metrics);

G_END_DECLS
