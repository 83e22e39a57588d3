// The table of inodes: how long a node lives, what its name is, which names can be.
#include "fs/fs_internal.h"
#include "common/err.h"
#include "tests/unit/test.h"

static struct mount *make_table(const char *prefix)
{
    struct mount *m = calloc(1, sizeof *m);
    m->config.prefix = prefix;
    lock_init(&m->lock, LOCK_RANK_MOUNT);
    assert_ok(node_table_init(m));
    return m;
}

static void free_table(struct mount *m)
{
    node_table_free(m);
    lock_destroy(&m->lock);
    free(m);
}

// As a lookup leaves it: one reference of the kernel's, no pin.
static fuse_ino_t look_up(struct mount *m, const char *path, bool is_dir)
{
    struct node *node;
    WITH_LOCK(&m->lock);
    assert_ok(node_obtain_locked(m, path, is_dir, &node));
    node_remember_locked(node);
    node->pins--;
    return node->ino;
}

static void assert_path(struct mount *m, fuse_ino_t ino, const char *expected)
{
    AUTO_FREE char *path = NULL;
    struct node *node = node_pin(m, ino);
    assert_non_null(node);
    assert_ok(node_path(m, node, &path));
    assert_string_equal(path, expected);
    node_unpin(m, node);
}

static bool is_known(struct mount *m, fuse_ino_t ino)
{
    struct node *node = node_pin(m, ino);
    node_unpin(m, node);
    return node != NULL;
}

static void a_node_lives_while_the_kernel_remembers_it(void **state)
{
    (void)state;
    struct mount *m = make_table("");
    fuse_ino_t ino = look_up(m, "a", false);
    assert_int_equal(look_up(m, "a", false), ino);
    node_forget(m, ino, 1);
    assert_true(is_known(m, ino));
    node_forget(m, ino, 1);
    assert_false(is_known(m, ino));
    assert_int_not_equal(look_up(m, "a", false), ino); // numbers are not used again
    free_table(m);
}

static void a_forgotten_node_lives_while_it_is_pinned(void **state)
{
    (void)state;
    struct mount *m = make_table("");
    fuse_ino_t ino = look_up(m, "a", false);
    struct node *node = node_pin(m, ino);
    node_forget(m, ino, 5);
    assert_path(m, ino, "a");
    node_unpin(m, node);
    assert_false(is_known(m, ino));
    free_table(m);
}

static void the_root_is_never_forgotten(void **state)
{
    (void)state;
    struct mount *m = make_table("");
    node_forget(m, FUSE_ROOT_ID, 100);
    assert_path(m, FUSE_ROOT_ID, "");
    free_table(m);
}

static void a_detached_node_has_no_name_and_the_name_gets_another(void **state)
{
    (void)state;
    struct mount *m = make_table("");
    fuse_ino_t ino = look_up(m, "a", false);
    struct node *node = node_pin(m, ino);
    AUTO_FREE char *path = NULL;
    lock_take(&m->lock);
    node_detach_locked(m, node);
    node_detach_locked(m, node);
    lock_give(&m->lock);
    assert_int_equal(node_path(m, node, &path), -ESTALE);
    assert_int_not_equal(look_up(m, "a", false), ino);
    node_unpin(m, node);
    free_table(m);
}

static void a_name_that_changes_its_kind_gets_another_node(void **state)
{
    (void)state;
    struct mount *m = make_table("");
    fuse_ino_t file = look_up(m, "a", false);
    fuse_ino_t dir = look_up(m, "a", true);
    assert_int_not_equal(file, dir);
    assert_true(is_known(m, file));
    assert_path(m, dir, "a");
    free_table(m);
}

static void a_renamed_file_replaces_the_one_of_that_name(void **state)
{
    (void)state;
    struct mount *m = make_table("");
    AUTO_FREE char *path = NULL;
    fuse_ino_t a = look_up(m, "a", false), b = look_up(m, "b", false);
    struct node *node = node_pin(m, a), *replaced = node_pin(m, b);
    lock_take(&m->lock);
    assert_ok(node_rename_locked(m, node, "b"));
    assert_null(node_find_path_locked(m, "a"));
    lock_give(&m->lock);
    assert_path(m, a, "b");
    assert_int_equal(node_path(m, replaced, &path), -ESTALE);
    node_unpin(m, node);
    node_unpin(m, replaced);
    free_table(m);
}

static void a_renamed_directory_takes_along_what_is_below_it_only(void **state)
{
    (void)state;
    struct mount *m = make_table("");
    fuse_ino_t dir = look_up(m, "d", true), in = look_up(m, "d/x", false);
    fuse_ino_t deep = look_up(m, "d/e/y", false), beside = look_up(m, "dd", false);
    lock_take(&m->lock);
    assert_ok(node_rename_tree_locked(m, "d", "new/d2"));
    lock_give(&m->lock);
    assert_path(m, dir, "new/d2");
    assert_path(m, in, "new/d2/x");
    assert_path(m, deep, "new/d2/e/y");
    assert_path(m, beside, "dd");
    free_table(m);
}

static void below_is_by_whole_names(void **state)
{
    (void)state;
    assert_true(path_is_below("a/b", "a"));
    assert_false(path_is_below("ab/c", "a"));
    assert_false(path_is_below("a", "a"));
}

static void a_child_is_named_below_its_directory(void **state)
{
    (void)state;
    struct mount *m = make_table("p/");
    AUTO_FREE char *in_root = NULL;
    AUTO_FREE char *in_dir = NULL;
    AUTO_FREE char *key = NULL;
    fuse_ino_t dir = look_up(m, "d", true);
    assert_ok(path_of_child(m, FUSE_ROOT_ID, "f", &in_root));
    assert_ok(path_of_child(m, dir, "f", &in_dir));
    assert_ok(path_key(m, in_dir, &key));
    assert_string_equal(in_root, "f");
    assert_string_equal(in_dir, "d/f");
    assert_string_equal(key, "p/d/f");
    free_table(m);
}

static void names_and_keys_have_their_limits(void **state)
{
    (void)state;
    char name[FS_NAME_MAX + 2], prefix[STORE_KEY_MAX], *path = NULL;
    memset(name, 'n', sizeof name);
    name[FS_NAME_MAX + 1] = '\0';
    struct mount *m = make_table("");
    assert_int_equal(path_join(m, "", name, &path), -ENAMETOOLONG);
    name[FS_NAME_MAX] = '\0';
    assert_ok(path_join(m, "", name, &path));
    free(path);
    path = NULL;
    memset(prefix, 'p', sizeof prefix);
    prefix[STORE_KEY_MAX - 3] = '\0';
    m->config.prefix = prefix;
    assert_ok(path_join(m, "", "123", &path));
    free(path);
    path = NULL;
    assert_int_equal(path_join(m, "", "1234", &path), -ENAMETOOLONG);
    assert_null(path);
    assert_true(path_can_be_dir(m, "12")); // with its '/'
    assert_false(path_can_be_dir(m, "123"));
    free_table(m);
}

static void names_that_are_not_utf8_are_no_keys(void **state)
{
    (void)state;
    char *path = NULL;
    struct mount *m = make_table("");
    assert_int_equal(path_join(m, "dir", "caf\xe9", &path), -EOPNOTSUPP);
    assert_null(path);
    free_table(m);
}

static void a_warning_is_given_once_and_not_for_ever_many(void **state)
{
    (void)state;
    char text[16];
    struct mount *m = make_table("");
    for (int i = 0; i < FS_TOLD_MAX + 10; i++) {
        snprintf(text, sizeof text, "%d", i);
        assert_int_equal(tell_once(m, text), i < FS_TOLD_MAX);
        assert_false(tell_once(m, text));
    }
    free_table(m);
}

static void directories_in_memory_are_known_until_removed(void **state)
{
    (void)state;
    struct mount *m = make_table("");
    lock_take(&m->lock);
    assert_true(dir_known_locked(m, "")); // the root always
    assert_false(dir_known_locked(m, "d"));
    assert_ok(dir_know_locked(m, "d"));
    assert_ok(dir_know_locked(m, "d"));
    assert_true(dir_known_locked(m, "d"));
    dir_unknow_locked(m, "d");
    assert_false(dir_known_locked(m, "d"));
    lock_give(&m->lock);
    free_table(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_node_lives_while_the_kernel_remembers_it),
        cmocka_unit_test(a_forgotten_node_lives_while_it_is_pinned),
        cmocka_unit_test(the_root_is_never_forgotten),
        cmocka_unit_test(a_detached_node_has_no_name_and_the_name_gets_another),
        cmocka_unit_test(a_name_that_changes_its_kind_gets_another_node),
        cmocka_unit_test(a_renamed_file_replaces_the_one_of_that_name),
        cmocka_unit_test(a_renamed_directory_takes_along_what_is_below_it_only),
        cmocka_unit_test(below_is_by_whole_names),
        cmocka_unit_test(a_child_is_named_below_its_directory),
        cmocka_unit_test(names_and_keys_have_their_limits),
        cmocka_unit_test(names_that_are_not_utf8_are_no_keys),
        cmocka_unit_test(a_warning_is_given_once_and_not_for_ever_many),
        cmocka_unit_test(directories_in_memory_are_known_until_removed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
