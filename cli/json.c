#include "cli/json.h"
#include "cli/shown.h"
#include "common/codec.h"
#include "common/err.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

// A member of this name, which no verb uses, marks a document that lacks something.
#define BROKEN "\x01"

#define MAP_MEMBERS_MAX 256 // far beyond an envelope, or what a mount says of a file

struct json_t *json_new(void)
{
    return json_object();
}

struct json_t *json_list(void)
{
    return json_array();
}

void json_free(struct json_t *json)
{
    json_decref(json);
}

static json_t *text_value(const char *text)
{
    if (text == NULL)
        return json_null();
    if (utf8_valid(text))
        return json_string(text);
    AUTO_FREE char *shown = shown_name(text);
    return shown != NULL ? json_string(shown) : NULL;
}

static void broken(json_t *json)
{
    if (json_is_object(json))
        json_object_set_new(json, BROKEN, json_null());
    else if (json_is_array(json))
        json_array_append_new(json, json_pack("{s:n}", BROKEN));
}

void json_add(struct json_t *object, const char *name, struct json_t *child)
{
    if (child == NULL || json_object_set_new(object, name, child) < 0)
        broken(object);
}

void json_add_text(struct json_t *object, const char *name, const char *text)
{
    json_add(object, name, text_value(text));
}

void json_add_number(struct json_t *object, const char *name, uint64_t number)
{
    json_add(object, name, json_integer((json_int_t)number));
}

void json_add_bool(struct json_t *object, const char *name, bool value)
{
    json_add(object, name, json_boolean(value));
}

void json_add_null(struct json_t *object, const char *name)
{
    json_add(object, name, json_null());
}

void json_append(struct json_t *list, struct json_t *child)
{
    if (child == NULL || json_array_append_new(list, child) < 0)
        broken(list);
}

void json_append_text(struct json_t *list, const char *text)
{
    json_append(list, text_value(text));
}

static bool is_whole(const json_t *json)
{
    const char *name;
    json_t *member;
    size_t i;
    if (json == NULL)
        return false;
    // jansson's loops want a json_t that may be changed; they change nothing.
    json_t *walked = (json_t *)(uintptr_t)json;
    if (json_is_object(json)) {
        json_object_foreach(walked, name, member)
        {
            if (strcmp(name, BROKEN) == 0 || !is_whole(member))
                return false;
        }
    }
    json_array_foreach(walked, i, member)
    {
        if (!is_whole(member))
            return false;
    }
    return true;
}

int json_print(const struct json_t *json)
{
    if (!is_whole(json))
        return err_set(-ENOMEM, "out of memory for the answer in JSON");
    if (json_dumpf(json, stdout, JSON_INDENT(2)) < 0 || putchar('\n') == EOF || fflush(stdout) != 0)
        return err_set(-EIO, "stdout: cannot be written: %s", strerror(errno));
    return 0;
}

int json_print_item(FILE *out, const struct json_t *json)
{
    if (!is_whole(json))
        return err_set(-ENOMEM, "out of memory for the answer in JSON");
    if (json_dumpf(json, out, JSON_COMPACT) < 0)
        return err_set(-EIO, "stdout: cannot be written: %s", strerror(errno));
    return 0;
}

int json_print_summary(struct json_t *summary, int rc, const struct err_saved *failure)
{
    json_add_bool(summary, "complete", rc == 0);
    json_add_text(summary, "error", rc < 0 ? failure->text : NULL);
    fputs("\n  ],\n  \"summary\": ", stdout);
    int printed = json_print_item(stdout, summary);
    fputs("\n}\n", stdout);
    return rc < 0 ? err_restore(failure) : printed;
}

char *json_text(const struct json_t *json)
{
    return is_whole(json) ? json_dumps(json, JSON_INDENT(2)) : NULL;
}

static int read_member(struct kv *out, const char *name, const json_t *member)
{
    char number[32];
    if (json_is_string(member))
        return kv_set(out, name, json_string_value(member));
    if (!json_is_integer(member))
        return err_set(-EIO, "a member is neither a text nor a whole number");
    snprintf(number, sizeof number, "%lld", (long long)json_integer_value(member));
    return kv_set(out, name, number);
}

int json_read_map(const char *text, size_t len, struct kv *out)
{
    const char *name;
    json_t *member;
    json_error_t error;
    AUTO_KV struct kv map = {0};
    // Members that hold a NUL are refused by jansson itself: the default is not to allow them.
    AUTO_JSON json_t *json = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(json))
        return err_set(-EIO, "not a JSON object");
    if (json_object_size(json) > MAP_MEMBERS_MAX) // the map is searched for each
        return err_set(-EIO, "more than %d members", MAP_MEMBERS_MAX);
    json_object_foreach(json, name, member)
    {
        int rc = read_member(&map, name, member);
        if (rc < 0)
            return rc;
    }
    kv_clear(out);
    *out = map;
    map = (struct kv){0};
    return 0;
}
