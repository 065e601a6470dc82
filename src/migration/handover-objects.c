#include "migration/handover-private.h"

/* Bytes copied at a time. */
#define WINDOW 1048576

/* Size, and an md5 over the md5s of windows, by what lo_get() allows: pg_largeobject
 * itself is for superusers. Opened for reading (INV_READ) only to learn the size. */
static const char digest_sql[] =
    "SELECT l.oid, l.size || ' ' || (SELECT md5(coalesce(string_agg(md5("
    "   lo_get(l.oid, w * 1048576, 1048576)), '' ORDER BY w), ''))"
    "   FROM generate_series(0, (l.size - 1) / 1048576) w WHERE l.size > 0)"
    " FROM (SELECT s.oid, s.size, lo_close(s.fd) FROM (SELECT o.oid, o.fd, lo_lseek64(o.fd, 0, 2)"
    "   AS size FROM (SELECT m.oid, lo_open(m.oid, 262144) AS fd"
    "   FROM pg_largeobject_metadata m ORDER BY m.oid OFFSET 0) o OFFSET 0) s OFFSET 0) l";

/* OID -> text. NULL on error. */
static GHashTable *
read_digests (PgmConnection *connection, GCancellable *cancellable, GError **error)
{
  g_autoptr (PgmResult) result =
      pgm_connection_query (connection, digest_sql, 0, NULL, cancellable, error);
  GHashTable *digests = NULL;

  if (result == NULL)
    return NULL;
  digests = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  for (guint row = 0; row < pgm_result_get_rows (result); row++)
    g_hash_table_insert (digests, GUINT_TO_POINTER (pgm_result_get_oid (result, row, 0)),
                         g_strdup (pgm_result_get_or (result, row, 1, "")));
  return digests;
}

/* 0 bytes read: the end. */
static gboolean
copy_window (PgmConnection *from,
             PgmConnection *to,
             guint32 oid,
             gint64 offset,
             gboolean *end,
             GCancellable *cancellable,
             GError **error)
{
  g_autofree char *read_sql =
      g_strdup_printf ("SELECT lo_get(%u, %" G_GINT64_FORMAT ", %d)", oid, offset, WINDOW);
  g_autofree char *write_sql = g_strdup_printf (
      "SELECT lo_put(%u, %" G_GINT64_FORMAT ", $1::pg_catalog.bytea)", oid, offset);
  g_autoptr (PgmResult) piece = pgm_connection_query (from, read_sql, 0, NULL, cancellable, error);
  g_autoptr (PgmResult) written = NULL;
  const char *params[1];

  if (piece == NULL)
    return FALSE;
  params[0] = pgm_result_get_or (piece, 0, 0, "\\x");
  *end = params[0][0] == '\0' || params[0][1] == '\0' || params[0][2] == '\0';
  if (*end)
    return TRUE;
  written = pgm_connection_query (to, write_sql, 1, params, cancellable, error);
  return written != NULL;
}

/* One that exists is emptied first (INV_WRITE | INV_READ), so that its owner and
 * privileges stay. */
static gboolean
copy_object (PgmConnection *from,
             PgmConnection *to,
             guint32 oid,
             gboolean exists,
             GCancellable *cancellable,
             GError **error)
{
  gboolean end = FALSE;

  if (!pgm_connection_execf (to, cancellable, error,
                             exists ? "BEGIN; SELECT lo_truncate64(lo_open(%u, 393216), 0)"
                                    : "BEGIN; SELECT lo_create(%u)",
                             oid))
    return FALSE;
  for (gint64 offset = 0; !end; offset += WINDOW)
    if (!copy_window (from, to, oid, offset, &end, cancellable, error))
      return FALSE;
  return pgm_connection_exec (to, "COMMIT", cancellable, error);
}

/* Best effort: the role may not exist there, or not be ours to give to. */
static void
give_to_owner (PgmConnection *from, PgmConnection *to, guint32 oid, GCancellable *cancellable)
{
  g_autofree char *sql =
      g_strdup_printf ("SELECT pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(lomowner))"
                       " FROM pg_catalog.pg_largeobject_metadata WHERE oid = %u",
                       oid);
  g_autofree char *owner = pgm_connection_query_value (from, sql, 0, NULL, cancellable, NULL);
  g_autoptr (GError) ignored = NULL;

  if (owner != NULL && !pgm_connection_execf (to, cancellable, &ignored,
                                              "ALTER LARGE OBJECT %u OWNER TO %s", oid, owner))
    g_clear_error (&ignored);
}

/* Makes @to have what @wanted says, knowing that it has @present. */
static gboolean
copy_differences (PgmHandover *self,
                  PgmConnection *from,
                  PgmConnection *to,
                  GHashTable *wanted,
                  GHashTable *present,
                  GCancellable *cancellable,
                  GError **error)
{
  GHashTableIter iter;
  gpointer oid, digest;

  g_hash_table_iter_init (&iter, wanted);
  while (g_hash_table_iter_next (&iter, &oid, &digest))
    {
      const char *there = g_hash_table_lookup (present, oid);

      if (g_strcmp0 (there, digest) == 0)
        continue;
      if (!copy_object (from, to, GPOINTER_TO_UINT (oid), there != NULL, cancellable, error))
        return FALSE;
      if (there == NULL)
        give_to_owner (from, to, GPOINTER_TO_UINT (oid), cancellable);
      self->objects_copied++;
    }
  g_hash_table_iter_init (&iter, present);
  while (g_hash_table_iter_next (&iter, &oid, &digest))
    if (!g_hash_table_contains (wanted, oid))
      {
        if (!pgm_connection_execf (to, cancellable, error, "SELECT lo_unlink(%u)",
                                   GPOINTER_TO_UINT (oid)))
          return FALSE;
        self->objects_copied++;
      }
  return TRUE;
}

gboolean
pgm_handover_objects_prepare (PgmHandover *self,
                              PgmConnection *from,
                              PgmConnection *to,
                              GCancellable *cancellable,
                              GError **error)
{
  g_autoptr (GHashTable) present = NULL;
  gint64 began;
  double seconds;

  g_clear_pointer (&self->objects, g_hash_table_unref);
  /* As with pg_dump, a choice of tables leaves large objects behind. */
  if (pgm_filter_is_active (self->options.filter))
    return TRUE;
  began = g_get_monotonic_time ();
  self->objects = read_digests (from, cancellable, error);
  if (self->objects == NULL)
    return FALSE;
  seconds = (double) (g_get_monotonic_time () - began) / G_USEC_PER_SEC;
  if (seconds > self->options.budget && g_hash_table_size (self->objects) > 0)
    {
      pgm_error_set_full (
          error, PGM_ERROR_REFUSED, NULL,
          "Changes of large objects are not replicated; all must be compared while writes stand still.",
          "Allow a longer timeout.",
          "comparing the large objects takes %.2g s, and of the timeout the stop may spend %.2g s on it",
          seconds, self->options.budget);
      return FALSE;
    }
  present = read_digests (to, cancellable, error);
  if (present == NULL)
    return FALSE;
  if (!copy_differences (self, from, to, self->objects, present, cancellable, error))
    return FALSE;
  self->objects_copied = 0;
  return TRUE;
}

/* What prepare() read is what the other side has now. */
gboolean
pgm_handover_objects_run (PgmHandover *self,
                          PgmConnection *from,
                          PgmConnection *to,
                          GCancellable *cancellable,
                          GError **error)
{
  g_autoptr (GHashTable) now = NULL;

  if (self->objects == NULL)
    return TRUE;
  now = read_digests (from, cancellable, error);
  return now != NULL && copy_differences (self, from, to, now, self->objects, cancellable, error);
}
