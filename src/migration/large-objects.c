#include "migration/large-objects.h"

#include "core/failpoint.h"
#include "migration/crew.h"
#include "migration/statement.h"
#include "postgres/copy.h"
#include "postgres/snapshot.h"
#include "postgres/quote.h"

/* Objects whose sizes are asked for at once. */
#define OBJECTS_TOGETHER 200

/* Bytes that one transaction takes, unless one object alone is larger; also what
 * the temporary table holds at most. */
#define WINDOW (32 * 1024 * 1024)

/* What lo_get() reads at a time. */
#define PIECE (1024 * 1024)

#define STATEMENTS_TOGETHER 200

#define SESSION_SETTINGS                                                                           \
  "SET synchronous_commit = off;"                                                                  \
  " CREATE TEMPORARY TABLE pgm_piece (o oid, n int8, d bytea) ON COMMIT DELETE ROWS;"              \
  " ALTER TABLE pg_temp.pgm_piece ALTER d SET STORAGE EXTERNAL"

typedef struct
{
  guint32 oid;
  char *owner;
  char *comment;
  gboolean has_acl;
  gint64 size;      /* -1: can't be read */
  gboolean replace; /* there already, and to be made anew */
} LargeObject;

/* Whose an object on the destination is. */
enum
{
  EXISTS_FOREIGN = 1,
  EXISTS_OURS = 2, /* made by this clone, before it was resumed */
};

typedef struct
{
  GPtrArray *objects; /* LargeObject, all */
  GHashTable *existing;
  char *destination_user;
} Shared;

static void
large_object_free (LargeObject *self)
{
  g_free (self->owner);
  g_free (self->comment);
  g_free (self);
}

static void
report_object (PgmCloneContext *ctx,
               const LargeObject *object,
               const char *sql,
               const GError *error)
{
  g_autofree char *name = g_strdup_printf ("large object %u", object->oid);

  pgm_clone_context_problem (ctx, name, sql, error);
}

static gboolean
read_objects (Shared *self, PgmConnection *source, GCancellable *cancellable, GError **error)
{
  g_autoptr (PgmResult) result = pgm_connection_query (
      source,
      "SELECT m.oid, pg_catalog.pg_get_userbyid(m.lomowner),"
      " pg_catalog.obj_description(m.oid, 'pg_largeobject'), m.lomacl IS NOT NULL"
      " FROM pg_catalog.pg_largeobject_metadata m ORDER BY m.oid",
      0, NULL, cancellable, error);

  if (result == NULL)
    return FALSE;
  for (guint row = 0; row < pgm_result_get_rows (result); row++)
    {
      LargeObject *object = g_new0 (LargeObject, 1);

      object->oid = pgm_result_get_oid (result, row, 0);
      object->owner = g_strdup (pgm_result_get_or (result, row, 1, ""));
      object->comment = g_strdup (pgm_result_get (result, row, 2));
      object->has_acl = pgm_result_get_bool (result, row, 3);
      g_ptr_array_add (self->objects, object);
    }
  return TRUE;
}

/* Removes what the clone made before it was resumed and the source has no more. */
static gboolean
remove_stale (Shared *self, PgmConnection *destination, GCancellable *cancellable, GError **error)
{
  g_autoptr (GHashTable) wanted = g_hash_table_new (NULL, NULL);
  g_autoptr (GPtrArray) stale = g_ptr_array_new_with_free_func (g_free);
  GHashTableIter iter;
  gpointer oid, state;

  for (guint i = 0; i < self->objects->len; i++)
    g_hash_table_add (
        wanted, GUINT_TO_POINTER (((LargeObject *) g_ptr_array_index (self->objects, i))->oid));
  g_hash_table_iter_init (&iter, self->existing);
  while (g_hash_table_iter_next (&iter, &oid, &state))
    if (GPOINTER_TO_UINT (state) == EXISTS_OURS && !g_hash_table_contains (wanted, oid))
      g_ptr_array_add (stale, g_strdup_printf ("%u", GPOINTER_TO_UINT (oid)));
  for (guint first = 0; first < stale->len; first += OBJECTS_TOGETHER)
    {
      g_autoptr (GString) oids = g_string_new (g_ptr_array_index (stale, first));

      for (guint i = first + 1; i < MIN (first + OBJECTS_TOGETHER, stale->len); i++)
        g_string_append_printf (oids, ",%s", (char *) g_ptr_array_index (stale, i));
      if (!pgm_connection_execf (
              destination, cancellable, error,
              "SELECT pg_catalog.lo_unlink(o) FROM pg_catalog.unnest('{%s}'::pg_catalog.oid[]) u(o);"
              " DELETE FROM pgmanager.clone_large_object WHERE object = ANY ('{%s}'::pg_catalog.oid[])",
              oids->str, oids->str))
        return FALSE;
    }
  return TRUE;
}

static gboolean
read_existing (Shared *self, PgmCloneContext *ctx, GCancellable *cancellable, GError **error)
{
  g_autoptr (PgmConnection) destination =
      pgm_ends_connect (ctx->ends, PGM_END_DESTINATION, "lo", cancellable, error);
  g_autoptr (PgmResult) result = NULL;

  if (destination == NULL)
    return FALSE;
  self->destination_user =
      pgm_connection_query_value (destination, "SELECT current_user", 0, NULL, cancellable, error);
  if (self->destination_user == NULL)
    return FALSE;
  result = pgm_connection_query (
      destination,
      "SELECT m.oid, l.object IS NOT NULL FROM pg_catalog.pg_largeobject_metadata m"
      " LEFT JOIN pgmanager.clone_large_object l ON l.object = m.oid",
      0, NULL, cancellable, error);
  if (result == NULL)
    return FALSE;
  for (guint row = 0; row < pgm_result_get_rows (result); row++)
    g_hash_table_insert (
        self->existing, GUINT_TO_POINTER (pgm_result_get_oid (result, row, 0)),
        GUINT_TO_POINTER (pgm_result_get_bool (result, row, 1) ? EXISTS_OURS : EXISTS_FOREIGN));
  return remove_stale (self, destination, cancellable, error);
}

/* What is there already and isn't ours is left alone unless it may be replaced. */
static GPtrArray *
make_tasks (Shared *self, PgmCloneContext *ctx)
{
  GPtrArray *tasks = g_ptr_array_new_with_free_func ((GDestroyNotify) g_ptr_array_unref);
  GPtrArray *task = NULL;

  for (guint i = 0; i < self->objects->len; i++)
    {
      LargeObject *object = g_ptr_array_index (self->objects, i);

      guint state =
          GPOINTER_TO_UINT (g_hash_table_lookup (self->existing, GUINT_TO_POINTER (object->oid)));

      object->replace = state != 0;
      if (state == EXISTS_FOREIGN && !ctx->options->drop_existing)
        {
          g_autoptr (GError) refused = NULL;

          pgm_error_set (&refused, PGM_ERROR_REFUSED,
                         "a large object with this OID exists on the destination already");
          report_object (ctx, object, NULL, refused);
          continue;
        }
      if (task == NULL || task->len >= OBJECTS_TOGETHER)
        {
          task = g_ptr_array_new ();
          g_ptr_array_add (tasks, task);
        }
      g_ptr_array_add (task, object);
    }
  return tasks;
}

/* "{1,2,3}" of those that can be read. */
static char *
oid_array (GPtrArray *objects, guint first, guint end, gboolean only_replaced)
{
  GString *text = g_string_new ("'{");

  for (guint i = first; i < end; i++)
    {
      LargeObject *object = g_ptr_array_index (objects, i);

      if (!only_replaced || object->replace)
        g_string_append_printf (text, "%s%u", text->len > 2 ? "," : "", object->oid);
    }
  g_string_append (text, "}'::pg_catalog.oid[]");
  return g_string_free (text, FALSE);
}

/* Opening for reading (0x40000) is what asks for the privilege. Seeks and closes
 * in the order of the target list, so that no descriptor stays. */
static gboolean
read_sizes (PgmConnection *source,
            GPtrArray *objects,
            guint first,
            guint end,
            GCancellable *cancellable,
            GError **error)
{
  g_autofree char *oids = oid_array (objects, first, end, FALSE);
  g_autofree char *sql =
      g_strdup_printf ("SELECT s.n, pg_catalog.lo_lseek64(s.fd, 0, 2), pg_catalog.lo_close(s.fd)"
                       " FROM (SELECT n, pg_catalog.lo_open(o, 262144) AS fd"
                       "   FROM pg_catalog.unnest(%s) WITH ORDINALITY u(o, n) OFFSET 0) s",
                       oids);
  g_autoptr (PgmResult) result = pgm_connection_query (source, sql, 0, NULL, cancellable, error);

  if (result == NULL)
    return FALSE;
  for (guint row = 0; row < pgm_result_get_rows (result); row++)
    {
      gint64 place = pgm_result_get_int64 (result, row, 0);

      if (place >= 1 && place <= (gint64) (end - first))
        ((LargeObject *) g_ptr_array_index (objects, first + (guint) place - 1))->size =
            pgm_result_get_int64 (result, row, 1);
    }
  return TRUE;
}

/* One that may not be read must not end the transaction that holds the snapshot. */
static gboolean
try_sizes (PgmConnection *source,
           GPtrArray *objects,
           guint first,
           guint end,
           GError **failure,
           GCancellable *cancellable,
           GError **error)
{
  g_autoptr (GError) local = NULL;

  if (!pgm_connection_exec (source, "SAVEPOINT pgm_sizes", cancellable, error))
    return FALSE;
  if (read_sizes (source, objects, first, end, cancellable, &local))
    return pgm_connection_exec (source, "RELEASE SAVEPOINT pgm_sizes", cancellable, error);
  if (pgm_clone_error_is_fatal (local) || pgm_connection_is_lost (source))
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  g_propagate_error (failure, g_steal_pointer (&local));
  return pgm_connection_exec (
      source, "ROLLBACK TO SAVEPOINT pgm_sizes; RELEASE SAVEPOINT pgm_sizes", cancellable, error);
}

static gboolean
learn_sizes (PgmCrewMember *member, GPtrArray *objects, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) failure = NULL;

  if (!try_sizes (member->source, objects, 0, objects->len, &failure, cancellable, error))
    return FALSE;
  for (guint i = 0; failure != NULL && i < objects->len; i++)
    {
      LargeObject *object = g_ptr_array_index (objects, i);
      g_autoptr (GError) single = NULL;
      g_autofree char *user = pgm_quote_identifier (member->ctx->ends->source->user);
      g_autofree char *grant =
          g_strdup_printf ("GRANT SELECT ON LARGE OBJECT %u TO %s", object->oid, user);

      if (!try_sizes (member->source, objects, i, i + 1, &single, cancellable, error))
        return FALSE;
      if (single == NULL)
        continue;
      object->size = -1;
      report_object (member->ctx, object, grant, single);
    }
  for (guint i = objects->len; i > 0; i--)
    if (((LargeObject *) g_ptr_array_index (objects, i - 1))->size < 0)
      g_ptr_array_remove_index (objects, i - 1);
  return TRUE;
}

/* Bytes from @from to @to of the objects, as pieces, into the temporary table
 * and from there into the objects. */
static gboolean
move_window (PgmCrewMember *member,
             GPtrArray *objects,
             guint first,
             guint end,
             gint64 from,
             gint64 to,
             GCancellable *cancellable,
             GError **error)
{
  g_autoptr (GString) sql = g_string_new (
      "COPY (SELECT s.o, c.n, pg_catalog.lo_get(s.o, c.n, " G_STRINGIFY (PIECE) ") FROM (VALUES ");

  for (guint i = first; i < end; i++)
    {
      LargeObject *object = g_ptr_array_index (objects, i);

      g_string_append_printf (sql, "%s(%u::pg_catalog.oid, %" G_GINT64_FORMAT "::pg_catalog.int8)",
                              i > first ? ", " : "", object->oid, MIN (to, object->size));
    }
  g_string_append_printf (sql,
                          ") s(o, size), pg_catalog.generate_series(%" G_GINT64_FORMAT
                          "::pg_catalog.int8, s.size - 1, %d) c(n)) TO STDOUT (FORMAT binary)",
                          from, PIECE);
  return pgm_copy_pump (member->source, sql->str, member->destination,
                        "COPY pg_temp.pgm_piece FROM STDIN (FORMAT binary)", NULL, NULL,
                        cancellable, error) &&
         pgm_connection_exec (
             member->destination,
             "SELECT pg_catalog.lo_put(o, n, d) FROM pg_temp.pgm_piece ORDER BY o, n;"
             " TRUNCATE pg_temp.pgm_piece",
             cancellable, error);
}

/* One transaction for the objects from @first on that fit together. */
static gboolean
move_objects (PgmCrewMember *member,
              GPtrArray *objects,
              guint first,
              guint end,
              gint64 bytes,
              GCancellable *cancellable,
              GError **error)
{
  g_autofree char *oids = oid_array (objects, first, end, FALSE);
  g_autofree char *replaced = oid_array (objects, first, end, TRUE);

  if (!pgm_connection_execf (
          member->destination, cancellable, error,
          "BEGIN; SELECT pg_catalog.lo_unlink(o) FROM pg_catalog.unnest(%s) u(o);"
          " SELECT pg_catalog.lo_create(o) FROM pg_catalog.unnest(%s) u(o);"
          " INSERT INTO pgmanager.clone_large_object SELECT o FROM pg_catalog.unnest(%s) u(o)"
          " ON CONFLICT DO NOTHING",
          replaced, oids, oids))
    return FALSE;
  for (gint64 from = 0; from < bytes; from += WINDOW)
    if (!move_window (member, objects, first, end, from,
                      bytes <= WINDOW ? G_MAXINT64 : from + WINDOW, cancellable, error))
      return FALSE;
  return pgm_connection_exec (member->destination, "COMMIT", cancellable, error);
}

static gboolean
move_all (PgmCrewMember *member, GPtrArray *objects, GCancellable *cancellable, GError **error)
{
  guint end;

  for (guint first = 0; first < objects->len; first = end)
    {
      gint64 bytes = ((LargeObject *) g_ptr_array_index (objects, first))->size;

      for (end = first + 1; end < objects->len; end++)
        {
          gint64 size = ((LargeObject *) g_ptr_array_index (objects, end))->size;

          if (bytes + size > WINDOW)
            break;
          bytes += size;
        }
      if (!move_objects (member, objects, first, end, bytes, cancellable, error))
        return FALSE;
      pgm_clone_context_count (member->ctx, &member->ctx->report->large_objects, end - first);
    }
  return TRUE;
}

static void
add_statement (GPtrArray *statements, guint32 oid, char *sql)
{
  g_ptr_array_add (statements,
                   pgm_statement_new_take (g_strdup_printf ("large object %u", oid), sql));
}

static void
add_owners_and_comments (PgmCrewMember *member, GPtrArray *objects, GPtrArray *statements)
{
  Shared *shared = member->data;

  for (guint i = 0; i < objects->len; i++)
    {
      LargeObject *object = g_ptr_array_index (objects, i);

      if (object->comment != NULL)
        {
          g_autofree char *comment = pgm_quote_literal (object->comment);

          add_statement (
              statements, object->oid,
              g_strdup_printf ("COMMENT ON LARGE OBJECT %u IS %s", object->oid, comment));
        }
      if (!member->ctx->options->no_owner && !g_str_equal (object->owner, shared->destination_user))
        {
          g_autofree char *owner = pgm_quote_identifier (object->owner);

          add_statement (statements, object->oid,
                         g_strdup_printf ("ALTER LARGE OBJECT %u OWNER TO %s", object->oid, owner));
        }
    }
}

/* The owner's own privileges are only touched when some are taken from him. */
static gboolean
add_privileges (PgmCrewMember *member,
                GPtrArray *objects,
                GPtrArray *statements,
                GCancellable *cancellable,
                GError **error)
{
  g_autofree char *oids = oid_array (objects, 0, objects->len, FALSE);
  g_autofree char *sql = g_strdup_printf (
      "SELECT m.oid, 'REVOKE ALL ON LARGE OBJECT ' || m.oid || ' FROM ' || pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(m.lomowner))"
      " FROM pg_catalog.pg_largeobject_metadata m WHERE m.oid = ANY (%s) AND m.lomacl IS NOT NULL AND"
      " (SELECT pg_catalog.count(*) FROM pg_catalog.aclexplode(m.lomacl) a WHERE a.grantee = m.lomowner) < 2"
      " UNION ALL "
      "SELECT m.oid, 'GRANT ' || a.privilege_type || ' ON LARGE OBJECT ' || m.oid || ' TO ' || CASE a.grantee WHEN 0 THEN 'PUBLIC'"
      "   ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END"
      "   || CASE WHEN a.is_grantable AND a.grantee <> m.lomowner THEN ' WITH GRANT OPTION' ELSE '' END"
      " FROM pg_catalog.pg_largeobject_metadata m, pg_catalog.aclexplode(m.lomacl) a"
      " WHERE m.oid = ANY (%s) AND (a.grantee <> m.lomowner OR"
      " (SELECT pg_catalog.count(*) FROM pg_catalog.aclexplode(m.lomacl) x WHERE x.grantee = m.lomowner) < 2)",
      oids, oids);
  g_autoptr (PgmResult) result = NULL;
  gboolean any = FALSE;

  for (guint i = 0; i < objects->len; i++)
    any |= ((LargeObject *) g_ptr_array_index (objects, i))->has_acl;
  if (!any || member->ctx->options->no_acl)
    return TRUE;
  result = pgm_connection_query (member->source, sql, 0, NULL, cancellable, error);
  if (result == NULL)
    return FALSE;
  for (guint row = 0; row < pgm_result_get_rows (result); row++)
    add_statement (statements, pgm_result_get_oid (result, row, 0),
                   g_strdup (pgm_result_get_or (result, row, 1, "")));
  return TRUE;
}

static gboolean
run_task (PgmCrewMember *member, gpointer task, GCancellable *cancellable, GError **error)
{
  GPtrArray *objects = task;
  g_autoptr (GPtrArray) statements = pgm_statements_new ();

  if (!learn_sizes (member, objects, cancellable, error) ||
      !move_all (member, objects, cancellable, error))
    return FALSE;
  add_owners_and_comments (member, objects, statements);
  return (objects->len == 0 || add_privileges (member, objects, statements, cancellable, error)) &&
         pgm_statements_run (member->ctx, member->destination, statements, STATEMENTS_TOGETHER,
                             NULL, cancellable, error) &&
         PGM_FAILPOINT ("lo.after_batch", error);
}

static gboolean
copy_objects (PgmCloneContext *ctx,
              Shared *shared,
              guint workers,
              GCancellable *cancellable,
              GError **error)
{
  PgmCrewOptions crew = {
    .role = "lo", .workers = workers, .source = TRUE, .settings = SESSION_SETTINGS
  };
  g_autoptr (PgmConnection) source =
      pgm_ends_connect (ctx->ends, PGM_END_SOURCE, "lo", cancellable, error);
  g_autoptr (GPtrArray) tasks = NULL;

  if (source == NULL || !pgm_snapshot_import (source, ctx->snapshot, cancellable, error) ||
      !read_objects (shared, source, cancellable, error))
    return FALSE;
  g_clear_pointer (&source, pgm_connection_free);
  if (shared->objects->len == 0 && !ctx->options->resume)
    return TRUE;
  pgm_progress_set_activity (ctx->progress, "large objects");
  if (!read_existing (shared, ctx, cancellable, error))
    return FALSE;
  tasks = make_tasks (shared, ctx);
  return pgm_crew_run (ctx, &crew, tasks, run_task, shared, cancellable, error);
}

gboolean
pgm_large_objects_copy (PgmCloneContext *ctx,
                        guint workers,
                        GCancellable *cancellable,
                        GError **error)
{
  Shared shared = { 0 };
  gboolean ok;

  if (ctx->options->include != NULL && *ctx->options->include != NULL)
    {
      pgm_progress_event (ctx->progress, "note",
                          "large objects are not copied, since only some tables were asked for");
      return TRUE;
    }
  shared.objects = g_ptr_array_new_with_free_func ((GDestroyNotify) large_object_free);
  shared.existing = g_hash_table_new (NULL, NULL);
  ok = copy_objects (ctx, &shared, workers, cancellable, error);
  g_ptr_array_unref (shared.objects);
  g_hash_table_unref (shared.existing);
  g_free (shared.destination_user);
  return ok;
}
