#include "migration/foreign-key.h"

#include "migration/crew.h"
#include "migration/statement.h"
#include "postgres/quote.h"

/* Below this size checking the rows at once is cheaper than a second statement. */
#define SMALL_TABLE (1024 * 1024)

#define ADD_TOGETHER 50

/* What exists on the destination. */
enum
{
  EXISTS_UNCHECKED = 1,
  EXISTS_VALID = 2,
};

/* The statements of one crew task, in order: several for one table never wait
 * for each other's lock. */
typedef struct
{
  gint64 bytes;
  gboolean add; /* they make new constraints, to be counted */
  GPtrArray *statements;
} Task;

typedef struct
{
  PgmCloneContext *ctx;
  GHashTable *existing;
  GHashTable *keys;     /* OIDs of those that take part */
  GPtrArray *adds;      /* PgmStatement */
  GPtrArray *tasks;     /* Task */
  GHashTable *by_table; /* PgmTable -> Task with its VALIDATEs */
  Task *whole;          /* those that are added with all their rows checked */
} Plan;

static Task *
task_new (Plan *plan, gint64 bytes, gboolean add)
{
  Task *self = g_new0 (Task, 1);

  self->bytes = bytes;
  self->add = add;
  self->statements = pgm_statements_new ();
  g_ptr_array_add (plan->tasks, self);
  return self;
}

static void
task_free (Task *self)
{
  g_ptr_array_unref (self->statements);
  g_free (self);
}

static void
plan_clear (Plan *self)
{
  g_clear_pointer (&self->existing, g_hash_table_unref);
  g_clear_pointer (&self->keys, g_hash_table_unref);
  g_clear_pointer (&self->by_table, g_hash_table_unref);
  g_clear_pointer (&self->adds, g_ptr_array_unref);
  g_clear_pointer (&self->tasks, g_ptr_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Plan, plan_clear)

static void
read_keys (Plan *self)
{
  GPtrArray *keys = self->ctx->catalog->foreign_keys;

  self->keys = g_hash_table_new (NULL, NULL);
  for (guint i = 0; i < keys->len; i++)
    g_hash_table_add (self->keys,
                      GUINT_TO_POINTER (((PgmForeignKey *) g_ptr_array_index (keys, i))->oid));
}

static gboolean
read_existing (Plan *self, PgmConnection *destination, GCancellable *cancellable, GError **error)
{
  g_autoptr (PgmResult) result = pgm_connection_query (
      destination,
      "SELECT pg_catalog.concat_ws(E'\\n', n.nspname, c.relname, o.conname), o.convalidated"
      " FROM pg_catalog.pg_constraint o JOIN pg_catalog.pg_class c ON c.oid = o.conrelid"
      " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE o.contype = 'f'",
      0, NULL, cancellable, error);

  if (result == NULL)
    return FALSE;
  for (guint row = 0; row < pgm_result_get_rows (result); row++)
    g_hash_table_insert (
        self->existing, g_strdup (pgm_result_get_or (result, row, 0, "")),
        GUINT_TO_POINTER (pgm_result_get_bool (result, row, 1) ? EXISTS_VALID : EXISTS_UNCHECKED));
  return TRUE;
}

static guint
existing_state (Plan *self, const PgmTable *table, const PgmForeignKey *key)
{
  g_autofree char *name = g_strdup_printf ("%s\n%s\n%s", table->schema, table->name, key->name);

  return GPOINTER_TO_UINT (g_hash_table_lookup (self->existing, name));
}

static PgmStatement *
statement_for (const PgmTable *table,
               const PgmForeignKey *key,
               const char *action,
               const char *rest)
{
  GString *sql = g_string_new (table->kind == 'p' ? "ALTER TABLE " : "ALTER TABLE ONLY ");

  pgm_quote_append_qualified (sql, table->schema, table->name);
  g_string_append_printf (sql, " %s CONSTRAINT ", action);
  pgm_quote_append_identifier (sql, key->name);
  g_string_append (sql, rest);
  return pgm_statement_new_take (
      g_strdup_printf ("foreign key %s on %s.%s", key->name, table->schema, table->name),
      g_string_free (sql, FALSE));
}

static void
plan_validate (Plan *self, PgmTable *table, const PgmForeignKey *key)
{
  Task *task = g_hash_table_lookup (self->by_table, table);

  if (task == NULL)
    {
      task = task_new (self, table->bytes, FALSE);
      g_hash_table_insert (self->by_table, table, task);
    }
  g_ptr_array_add (task->statements, statement_for (table, key, "VALIDATE", ""));
}

/* A partition's constraint comes with its parent's; when the parent doesn't take
 * part, nobody else makes it. */
static gboolean
comes_with_parent (Plan *self, const PgmForeignKey *key)
{
  return key->parent_oid != 0 &&
         g_hash_table_contains (self->keys, GUINT_TO_POINTER (key->parent_oid));
}

static void
plan_key (Plan *self, PgmForeignKey *key)
{
  GHashTable *tables = self->ctx->catalog->tables_by_oid;
  PgmTable *table = g_hash_table_lookup (tables, GUINT_TO_POINTER (key->table_oid));
  guint state;
  gboolean can_wait;
  g_autofree char *definition = NULL;

  if (table == NULL || comes_with_parent (self, key))
    return;
  if (g_hash_table_lookup (tables, GUINT_TO_POINTER (key->referenced_oid)) == NULL)
    {
      pgm_progress_event (
          self->ctx->progress, "warning",
          "foreign key %s of %s.%s is left out: it refers to a table that is not copied", key->name,
          table->schema, table->name);
      return;
    }
  state = existing_state (self, table, key);
  if (state == EXISTS_VALID || (state == EXISTS_UNCHECKED && !key->validated))
    return;
  can_wait = table->kind != 'p' || self->ctx->ends->destination->major >= 18;
  if (state == EXISTS_UNCHECKED)
    {
      plan_validate (self, table, key);
      return;
    }
  if (key->validated && !can_wait)
    {
      if (self->whole == NULL)
        self->whole = task_new (self, G_MAXINT64, TRUE);
      definition = g_strconcat (" ", key->definition, NULL);
      g_ptr_array_add (self->whole->statements, statement_for (table, key, "ADD", definition));
      return;
    }
  can_wait = key->validated && (table->kind == 'p' || table->bytes >= SMALL_TABLE);
  definition = g_strconcat (" ", key->definition, can_wait ? " NOT VALID" : "", NULL);
  g_ptr_array_add (self->adds, statement_for (table, key, "ADD", definition));
  if (can_wait)
    plan_validate (self, table, key);
}

static gint
compare_tasks (gconstpointer a, gconstpointer b)
{
  const Task *one = *(Task *const *) a, *other = *(Task *const *) b;

  return one->bytes > other->bytes ? -1 : one->bytes < other->bytes;
}

static gboolean
run_task (PgmCrewMember *member, gpointer data, GCancellable *cancellable, GError **error)
{
  Task *task = data;
  guint done = 0;

  if (!pgm_statements_run (member->ctx, member->destination, task->statements, 1, &done,
                           cancellable, error))
    return FALSE;
  if (task->add)
    pgm_clone_context_count (member->ctx, &member->ctx->report->constraints, done);
  return TRUE;
}

/* The check is one large join: it works in maintenance_work_mem. */
static char *
session_settings (PgmCloneContext *ctx, guint workers)
{
  gint64 memory =
      MAX (ctx->ends->destination->maintenance_work_mem / MAX (workers, 1), 64 * 1024 * 1024);

  return g_strdup_printf (
      "SET synchronous_commit = off; SET maintenance_work_mem = '%" G_GINT64_FORMAT "kB'",
      memory / 1024);
}

static gboolean
add_all (Plan *self,
         PgmConnection *destination,
         const char *settings,
         GCancellable *cancellable,
         GError **error)
{
  guint done = 0;

  if (!pgm_connection_exec (destination, settings, cancellable, error) ||
      !pgm_statements_run (self->ctx, destination, self->adds, ADD_TOGETHER, &done, cancellable,
                           error))
    return FALSE;
  pgm_clone_context_count (self->ctx, &self->ctx->report->constraints, done);
  return TRUE;
}

gboolean
pgm_foreign_keys_restore (PgmCloneContext *ctx,
                          guint workers,
                          GCancellable *cancellable,
                          GError **error)
{
  g_auto (Plan) plan = { .ctx = ctx };
  g_autoptr (PgmConnection) destination = NULL;
  g_autofree char *settings = session_settings (ctx, workers);
  PgmCrewOptions crew = { .role = "fk", .workers = workers, .settings = settings };

  if (ctx->catalog->foreign_keys->len == 0)
    return TRUE;
  plan.existing = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  read_keys (&plan);
  plan.by_table = g_hash_table_new (NULL, NULL);
  plan.adds = pgm_statements_new ();
  plan.tasks = g_ptr_array_new_with_free_func ((GDestroyNotify) task_free);
  destination = pgm_ends_connect (ctx->ends, PGM_END_DESTINATION, "fk", cancellable, error);
  if (destination == NULL || !read_existing (&plan, destination, cancellable, error))
    return FALSE;
  for (guint i = 0; i < ctx->catalog->foreign_keys->len; i++)
    plan_key (&plan, g_ptr_array_index (ctx->catalog->foreign_keys, i));
  pgm_progress_set_activity (ctx->progress, "foreign keys");
  if (!add_all (&plan, destination, settings, cancellable, error))
    return FALSE;
  g_clear_pointer (&destination, pgm_connection_free);
  g_ptr_array_sort (plan.tasks, compare_tasks);
  return pgm_crew_run (ctx, &crew, plan.tasks, run_task, NULL, cancellable, error);
}
