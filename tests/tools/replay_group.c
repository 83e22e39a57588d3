// replay: reads and writes that are outstanding together. The threads that deliver them end before
// replay_run_group does; a request belongs to its thread meanwhile.
#include "tests/tools/replay.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define GROUP_MAX 256 // requests outstanding by AIO

// ---- reads and writes, alone or together ----

struct request {
    const struct trace_op *op;
    void *buffer[SIDES];
    int64_t result[SIDES];
    pthread_barrier_t *start;
};

static void request_prepare(struct request *request, const struct trace_op *op)
{
    *request = (struct request){.op = op};
    for (int side = 0; side < SIDES; side++) {
        request->buffer[side] = aligned_buffer(op->len);
        if (op->kind == TRACE_WRITE)
            op_content(op, request->buffer[side], op->len, op->offset);
    }
    if (replay_options.corruption == CORRUPT_WRITE && op->index == replay_options.corrupt_index)
        ((unsigned char *)request->buffer[MOUNT])[op->len / 2] ^= 1;
}

static void request_finish(struct request *request)
{
    const struct trace_op *op = request->op;
    const unsigned char *mount = request->buffer[MOUNT], *plain = request->buffer[PLAIN];
    if (replay_options.corruption == CORRUPT_READ && op->index == replay_options.corrupt_index)
        ((unsigned char *)request->buffer[MOUNT])[0] ^= 1;
    bool agreed = judge(op, request->result);
    if (agreed)
        promise_follow(op, request->result);
    if (agreed && op->kind == TRACE_READ) {
        size_t len = (size_t)request->result[PLAIN];
        size_t at = first_difference(mount, plain, len);
        if (at < len)
            differ(op, "read at offset %" PRIu64 ": mount 0x%02x, plain 0x%02x", op->offset + at,
                   mount[at], plain[at]);
    }
    free(request->buffer[MOUNT]);
    free(request->buffer[PLAIN]);
}

static void *deliver_one(void *argument)
{
    struct request *request = argument;
    pthread_barrier_wait(request->start);
    int fd = handles[request->op->handle].fd[MOUNT];
    request->result[MOUNT] =
        fd < 0 ? SKIPPED : side_transfer(fd, request->op, request->buffer[MOUNT]);
    return NULL;
}

static void deliver_by_threads(struct request **order, size_t count)
{
    pthread_barrier_t start;
    AUTO_FREE pthread_t *threads = calloc(count, sizeof *threads);
    if (!threads || pthread_barrier_init(&start, NULL, (unsigned)count))
        die("no memory for %zu threads", count);
    for (size_t i = 0; i < count; i++) {
        order[i]->start = &start;
        if (pthread_create(&threads[i], NULL, deliver_one, order[i]))
            die("cannot start a thread");
    }
    for (size_t i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&start);
}

// A short result is finished the plain way.
static int64_t finish_short(struct request *request, int64_t result)
{
    const struct trace_op *op = request->op;
    if (result < 0 || (uint64_t)result == op->len || op->kind == TRACE_READ)
        return result;
    ssize_t rest = write_all(handles[op->handle].fd[MOUNT], (char *)request->buffer[MOUNT] + result,
                             op->len - (size_t)result, op->offset + (uint64_t)result);
    return rest < 0 ? rest : (int64_t)op->len;
}

// One context for all groups of a thread, as destroying one waits for tens of milliseconds. The
// exit of the process destroys them.
static aio_context_t thread_context(size_t count)
{
    static _Thread_local aio_context_t context;
    if (count > GROUP_MAX)
        die("more than %d requests in a group", GROUP_MAX);
    if (!context && aio_setup(GROUP_MAX, &context))
        die("no asynchronous I/O");
    return context;
}

static void deliver_by_aio(struct request **order, size_t count)
{
    aio_context_t context = thread_context(count);
    AUTO_FREE struct iocb *blocks = calloc(count, sizeof *blocks);
    AUTO_FREE struct iocb **pointers = calloc(count, sizeof *pointers);
    AUTO_FREE struct io_event *events = calloc(count, sizeof *events);
    if (!blocks || !pointers || !events)
        die("no memory for a group");
    for (size_t i = 0; i < count; i++) {
        const struct trace_op *op = order[i]->op;
        aio_prepare(&blocks[i], op->kind == TRACE_WRITE, handles[op->handle].fd[MOUNT],
                    order[i]->buffer[MOUNT], op->len, op->offset, i);
        pointers[i] = &blocks[i];
    }
    size_t sent = 0;
    while (sent < count) {
        int n = aio_submit(context, pointers + sent, (long)(count - sent));
        if (n <= 0) // this one cannot even be submitted: that is its result
            order[sent++]->result[MOUNT] = n ? n : -EAGAIN;
        for (int i = 0; i < n; i++)
            order[sent++]->result[MOUNT] = SKIPPED + 1; // pending
    }
    long pending = 0;
    for (size_t i = 0; i < count; i++)
        pending += order[i]->result[MOUNT] == SKIPPED + 1;
    int n = pending ? aio_wait(context, pending, (long)count, events) : 0;
    if (n != pending)
        die("asynchronous I/O lost a request");
    for (int i = 0; i < n; i++) {
        struct request *request = order[events[i].data];
        request->result[MOUNT] = finish_short(request, events[i].res);
    }
}

static void deliver_serially(struct request **order, size_t count)
{
    for (size_t i = 0; i < count; i++)
        order[i]->result[MOUNT] = side_perform(MOUNT, order[i]->op, order[i]->buffer[MOUNT]);
}

static uint64_t random_next(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 33;
}

static void shuffle(struct request **order, size_t count, uint64_t state)
{
    for (int i = 0; i < 4; i++)
        random_next(&state);
    for (size_t i = count; i > 1; i--) {
        size_t j = random_next(&state) % i;
        struct request *swap = order[i - 1];
        order[i - 1] = order[j];
        order[j] = swap;
    }
}

static bool is_direct(int fd)
{
    return (fcntl(fd, F_GETFL) & O_DIRECT) != 0;
}

// Gives the whole group to the mount at once; then, one after another, to the plain directory.
void replay_run_group(const struct trace_op **ops, size_t count)
{
    AUTO_FREE struct request *requests = calloc(count, sizeof *requests);
    AUTO_FREE struct request **order = calloc(count, sizeof *order);
    if (!requests || !order)
        die("no memory for a group");
    bool together = true; // O_DIRECT takes aligned requests only; others go as dd sends them
    for (size_t i = 0; i < count; i++) {
        request_prepare(&requests[i], ops[i]);
        order[i] = &requests[i];
        int fd = handles[ops[i]->handle].fd[MOUNT];
        together = together && fd >= 0 && (op_is_aligned(ops[i]) || !is_direct(fd));
    }
    if (replay_options.shuffle)
        shuffle(order, count, replay_options.seed * 1000003 + (uint64_t)ops[0]->line);
    if (replay_options.delivery == SERIAL || !together)
        deliver_serially(order, count);
    else if (replay_options.delivery == AIO)
        deliver_by_aio(order, count);
    else
        deliver_by_threads(order, count);
    for (size_t i = 0; i < count; i++) {
        requests[i].result[PLAIN] = side_perform(PLAIN, ops[i], requests[i].buffer[PLAIN]);
        request_finish(&requests[i]);
    }
}
