#include <string.h>

#include "migration/fold.h"

/* Compaction against a model: random changes are folded, and both the fold's
 * steps and the changes themselves, in their order, are done to a small table in
 * memory. Both must come to the same rows. */

#define N_KEYS    12
#define N_COLUMNS 3 /* a key and two others */

typedef struct
{
  PgmArena *arena;
  PgmChangeBatch *batch;
  PgmFoldTable table;
  PgmRelation relation;
  guint keys[1];
} World;

/* A row by its key: the texts of its columns, NULL: there is none. */
typedef GHashTable Rows;

static void
world_init (World *self, PgmFoldMode mode)
{
  memset (self, 0, sizeof *self);
  self->batch = pgm_change_batch_new ();
  self->arena = self->batch->arena;
  self->table.mode = mode;
  self->table.may_sort = TRUE;
  self->table.n_keys = 1;
  self->table.keys = self->keys;
  self->relation.schema = (char *) (gpointer) "s";
  self->relation.name = (char *) (gpointer) "t";
}

static PgmValue
text (World *self, const char *value)
{
  return (PgmValue){
    .kind = PGM_VALUE_TEXT,
    .data = pgm_arena_strdup (self->arena, value),
    .size = (guint32) strlen (value),
  };
}

static PgmTuple *
tuple (World *self, const char *key, const char *one, const char *other)
{
  const char *values[] = { key, one, other };
  PgmTuple *made = pgm_arena_alloc (self->arena, sizeof *made + N_COLUMNS * sizeof (PgmValue));

  made->n_values = N_COLUMNS;
  for (guint i = 0; i < N_COLUMNS; i++)
    made->values[i] =
        values[i] != NULL ? text (self, values[i]) : (PgmValue){ .kind = PGM_VALUE_UNCHANGED };
  return made;
}

static PgmTuple *
key_tuple (World *self, const char *key)
{
  PgmTuple *made = tuple (self, key, "", "");

  made->values[1] = made->values[2] = (PgmValue){ .kind = PGM_VALUE_NULL };
  return made;
}

static void
add (World *self, PgmChangeKind kind, PgmTuple *old, PgmTuple *new)
{
  PgmChange change = { .kind = (guint8) kind };

  change.row.relation = &self->relation;
  change.row.old = old;
  change.row.new = new;
  change.row.old_is_key = TRUE;
  g_array_append_val (self->batch->changes, change);
}

static PgmFold *
fold (World *self)
{
  PgmFold *made = pgm_fold_new ();
  PgmFoldTransaction transaction = { .final_lsn = 1, .end_lsn = 2 };
  g_autoptr (GArray) changes = g_array_new (FALSE, FALSE, sizeof (PgmFoldChange));
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < self->batch->changes->len; i++)
    {
      PgmFoldChange change = {
        .change = &g_array_index (self->batch->changes, PgmChange, i),
        .table = &self->table,
      };
      g_array_append_val (changes, change);
    }
  g_assert_true (pgm_fold_add (made, &transaction, (PgmFoldChange *) (gpointer) changes->data,
                               changes->len, &error));
  g_assert_no_error (error);
  pgm_fold_seal (made);
  return made;
}

/* The model: rows as "key|one|other" by key. */

static Rows *
rows_new (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_strfreev);
}

static char *
value_text (const PgmTuple *from, guint i)
{
  return g_strndup (from->values[i].data, from->values[i].size);
}

static void
put (Rows *rows, const PgmTuple *row)
{
  char **values = g_new0 (char *, N_COLUMNS + 1);

  for (guint i = 0; i < N_COLUMNS; i++)
    values[i] = value_text (row, i);
  g_assert_false (g_hash_table_contains (rows, values[0]));
  g_hash_table_insert (rows, g_strdup (values[0]), values);
}

static void
drop (Rows *rows, const PgmTuple *key)
{
  g_autofree char *name = value_text (key, 0);

  g_assert_true (g_hash_table_remove (rows, name));
}

static void
update (Rows *rows, const PgmTuple *key, const PgmTuple *row)
{
  g_autofree char *name = value_text (key, 0);
  char **old = g_hash_table_lookup (rows, name);
  char **values = g_new0 (char *, N_COLUMNS + 1);

  g_assert_nonnull (old);
  for (guint i = 0; i < N_COLUMNS; i++)
    values[i] =
        row->values[i].kind == PGM_VALUE_UNCHANGED ? g_strdup (old[i]) : value_text (row, i);
  g_hash_table_remove (rows, name);
  g_assert_false (g_hash_table_contains (rows, values[0]));
  g_hash_table_insert (rows, g_strdup (values[0]), values);
}

static void
do_change (Rows *rows, const PgmChange *change)
{
  const PgmTuple *key = change->row.old != NULL ? change->row.old : change->row.new;

  if (change->kind == PGM_CHANGE_INSERT)
    put (rows, change->row.new);
  else if (change->kind == PGM_CHANGE_UPDATE)
    update (rows, key, change->row.new);
  else
    drop (rows, key);
}

static void
do_set (Rows *rows, const PgmFoldSet *set)
{
  for (guint i = 0; i < set->rows->len; i++)
    {
      const PgmFoldRow *row = &g_array_index (set->rows, PgmFoldRow, i);

      if (set->kind == PGM_CHANGE_INSERT)
        put (rows, row->row);
      else if (set->kind == PGM_CHANGE_DELETE)
        drop (rows, row->key);
      else
        {
          for (guint c = 0; c < N_COLUMNS; c++)
            g_assert_cmpint (pgm_fold_is_unchanged (set->unchanged, c), ==,
                             row->row->values[c].kind == PGM_VALUE_UNCHANGED);
          update (rows, row->key, row->row);
        }
    }
}

static void
do_fold (Rows *rows, const PgmFold *fold)
{
  for (guint i = 0; i < fold->steps->len; i++)
    {
      const PgmFoldStep *step = g_ptr_array_index (fold->steps, i);

      for (guint s = 0; step->kind == PGM_FOLD_SETS && s < step->sets->len; s++)
        do_set (rows, &g_array_index (step->sets, PgmFoldSet, s));
      for (guint r = 0; step->kind == PGM_FOLD_ROWS && r < step->rows->len; r++)
        do_change (rows, g_array_index (step->rows, PgmFoldChange, r).change);
    }
}

static void
assert_same (Rows *one, Rows *other)
{
  GHashTableIter iter;
  gpointer key, value;

  g_assert_cmpuint (g_hash_table_size (one), ==, g_hash_table_size (other));
  g_hash_table_iter_init (&iter, one);
  while (g_hash_table_iter_next (&iter, &key, &value))
    {
      char **theirs = g_hash_table_lookup (other, key);
      g_assert_nonnull (theirs);
      g_assert_true (g_strv_equal ((const char *const *) value, (const char *const *) theirs));
    }
}

/* One change that a source could make to @rows. */
static void
invent (World *self, Rows *rows)
{
  g_autofree char *key = g_strdup_printf ("k%d", g_test_rand_int_range (0, N_KEYS));
  g_autofree char *other = g_strdup_printf ("k%d", g_test_rand_int_range (0, N_KEYS));
  g_autofree char *value = g_strdup_printf ("%d", g_test_rand_int_range (0, 1000000));
  const char *big = g_test_rand_int_range (0, 2) == 0 ? NULL : value;
  int what = g_test_rand_int_range (0, 10);

  if (!g_hash_table_contains (rows, key))
    add (self, PGM_CHANGE_INSERT, NULL, tuple (self, key, value, value));
  else if (what < 3)
    add (self, PGM_CHANGE_DELETE, key_tuple (self, key), NULL);
  else if (what < 5 && !g_hash_table_contains (rows, other))
    add (self, PGM_CHANGE_UPDATE, key_tuple (self, key), tuple (self, other, value, big));
  else if (what < 7)
    add (self, PGM_CHANGE_UPDATE, key_tuple (self, key), tuple (self, key, big, value));
  else
    add (self, PGM_CHANGE_UPDATE, NULL, tuple (self, key, value, big));
  do_change (rows, &g_array_index (self->batch->changes, PgmChange, self->batch->changes->len - 1));
}

static void
test_random (gconstpointer data)
{
  for (guint round = 0; round < 3000; round++)
    {
      World world;
      g_autoptr (PgmFold) folded = NULL;
      g_autoptr (GHashTable) before = rows_new ();
      g_autoptr (GHashTable) after = rows_new ();

      world_init (&world, (PgmFoldMode) GPOINTER_TO_INT (data));
      for (guint i = 0; i < N_KEYS; i += 2)
        {
          g_autofree char *key = g_strdup_printf ("k%u", i);
          PgmTuple *row = tuple (&world, key, "old", "older");
          put (before, row);
          put (after, row);
        }
      for (guint i = 0; i < 40; i++)
        invent (&world, after);
      folded = fold (&world);
      do_fold (before, folded);
      assert_same (before, after);
      pgm_change_batch_free (world.batch);
    }
}

/* How many rows are left to write. */
static guint
count_rows (const PgmFold *fold)
{
  guint n = 0;

  for (guint i = 0; i < fold->steps->len; i++)
    {
      const PgmFoldStep *step = g_ptr_array_index (fold->steps, i);
      for (guint s = 0; step->kind == PGM_FOLD_SETS && s < step->sets->len; s++)
        n += g_array_index (step->sets, PgmFoldSet, s).rows->len;
      n += step->kind == PGM_FOLD_ROWS ? step->rows->len : 0;
    }
  return n;
}

static void
test_compacts (void)
{
  World world;
  g_autoptr (PgmFold) folded = NULL;

  world_init (&world, PGM_FOLD_KEYED);
  for (guint i = 0; i < 10000; i++)
    {
      g_autofree char *key = g_strdup_printf ("key%u", i % 1000);
      add (&world, PGM_CHANGE_UPDATE, NULL, tuple (&world, key, "v", NULL));
    }
  folded = fold (&world);
  g_assert_cmpuint (count_rows (folded), ==, 1000);
  g_assert_cmpuint (folded->steps->len, ==, 1);
  g_assert_cmpuint (folded->counts.updates, ==, 10000);
  pgm_change_batch_free (world.batch);
}

/* What no source does is left for the destination to find out, in its order. */
static void
test_impossible (void)
{
  World world;
  g_autoptr (PgmFold) folded = NULL;

  world_init (&world, PGM_FOLD_KEYED);
  add (&world, PGM_CHANGE_INSERT, NULL, tuple (&world, "a", "1", "1"));
  add (&world, PGM_CHANGE_INSERT, NULL, tuple (&world, "a", "2", "2"));
  add (&world, PGM_CHANGE_DELETE, key_tuple (&world, "b"), NULL);
  add (&world, PGM_CHANGE_UPDATE, NULL, tuple (&world, "b", "2", "2"));
  folded = fold (&world);
  g_assert_cmpuint (count_rows (folded), ==, 4);
  pgm_change_batch_free (world.batch);
}

static void
test_key_missing (void)
{
  World world;
  g_autoptr (PgmFold) folded = pgm_fold_new ();
  g_autoptr (GError) error = NULL;
  PgmFoldTransaction transaction = { .end_lsn = 2 };
  PgmFoldChange change = { 0 };

  world_init (&world, PGM_FOLD_KEYED);
  add (&world, PGM_CHANGE_UPDATE, NULL, tuple (&world, NULL, "1", "1"));
  change.change = &g_array_index (world.batch->changes, PgmChange, 0);
  change.table = &world.table;
  g_assert_false (pgm_fold_add (folded, &transaction, &change, 1, &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_PROTOCOL);
  pgm_change_batch_free (world.batch);
}

/* The keys of the fold's only set. */
static char *
keys_in_order (const PgmFold *folded)
{
  const PgmFoldStep *step = g_ptr_array_index (folded->steps, 0);
  const PgmFoldSet *set = &g_array_index (step->sets, PgmFoldSet, 0);
  GString *keys = g_string_new (NULL);

  g_assert_cmpuint (step->sets->len, ==, 1);
  for (guint i = 0; i < set->rows->len; i++)
    {
      g_autofree char *key = value_text (g_array_index (set->rows, PgmFoldRow, i).key, 0);
      g_string_append_printf (keys, "%s ", key);
    }
  return g_string_free (keys, FALSE);
}

static void
check_order (PgmChangeKind kind, gboolean may_sort, const char *expected)
{
  static const char *const keys[] = { "10", "9", "2", "100" };
  World world;
  g_autoptr (PgmFold) folded = NULL;
  g_autofree char *order = NULL;

  world_init (&world, PGM_FOLD_KEYED);
  world.table.may_sort = may_sort;
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    add (&world, kind, kind == PGM_CHANGE_DELETE ? key_tuple (&world, keys[i]) : NULL,
         kind == PGM_CHANGE_DELETE ? NULL : tuple (&world, keys[i], "v", "w"));
  folded = fold (&world);
  order = keys_in_order (folded);
  g_assert_cmpstr (order, ==, expected);
  pgm_change_batch_free (world.batch);
}

/* By the order of the index, but for updates where another key is unique, too. */
static void
test_order (void)
{
  check_order (PGM_CHANGE_UPDATE, TRUE, "2 9 10 100 ");
  check_order (PGM_CHANGE_UPDATE, FALSE, "10 9 2 100 ");
  check_order (PGM_CHANGE_DELETE, FALSE, "2 9 10 100 ");
  check_order (PGM_CHANGE_INSERT, TRUE, "10 9 2 100 ");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/fold/B2-random-keyed", GINT_TO_POINTER (PGM_FOLD_KEYED), test_random);
  g_test_add_data_func ("/fold/B2-random-ordered", GINT_TO_POINTER (PGM_FOLD_ORDERED), test_random);
  g_test_add_func ("/fold/B2-compacts", test_compacts);
  g_test_add_func ("/fold/B3-order", test_order);
  g_test_add_func ("/fold/B2-impossible-changes-keep-their-order", test_impossible);
  g_test_add_func ("/fold/F39-key-missing", test_key_missing);
  return g_test_run ();
}
