/* One message at a time through librdkafka, each produced when the last one was acknowledged: what a round trip costs
 * without any Python.
 *
 * Usage: round_trip ADDRESS TOPIC MESSAGES BYTES ACKS [NAME=VALUE ...]; prints the nanoseconds of each, one a line.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <librdkafka/rdkafka.h>

static int waiting;

static void delivered(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque) {
    if (message->err) {
        fprintf(stderr, "not delivered: %s\n", rd_kafka_err2str(message->err));
        exit(1);
    }
    waiting = 0;
}

static long long now(void) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec * 1000000000LL + at.tv_nsec;
}

static void set(rd_kafka_conf_t *conf, const char *name, const char *value) {
    char why[512];
    if (rd_kafka_conf_set(conf, name, value, why, sizeof(why)) != RD_KAFKA_CONF_OK) {
        fprintf(stderr, "%s\n", why);
        exit(1);
    }
}

static void send_and_wait(rd_kafka_t *rk, const char *topic, void *value, size_t bytes) {
    waiting = 1;
    rd_kafka_resp_err_t error = rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_VALUE(value, bytes),
                                                  RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
    if (error) {
        fprintf(stderr, "not queued: %s\n", rd_kafka_err2str(error));
        exit(1);
    }
    while (waiting)
        rd_kafka_poll(rk, 1000);
}

int main(int argc, char **argv) {
    if (argc < 6)
        return 2;
    char why[512], *equals;
    int messages = atoi(argv[3]), bytes = atoi(argv[4]);
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    set(conf, "bootstrap.servers", argv[1]);
    set(conf, "acks", argv[5]);
    for (int each = 6; each < argc; each++)
        if ((equals = strchr(argv[each], '='))) {
            *equals = '\0';
            set(conf, argv[each], equals + 1);
        }
    rd_kafka_conf_set_dr_msg_cb(conf, delivered);
    rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
    long long *took = calloc(messages, sizeof(*took));
    void *value = calloc(1, bytes + 1);
    if (!rk || !took || !value) {
        fprintf(stderr, "%s\n", rk ? "no memory" : why);
        return 1;
    }
    send_and_wait(rk, argv[2], value, bytes); /* opens the connection */
    for (int each = 0; each < messages; each++) {
        long long begun = now();
        send_and_wait(rk, argv[2], value, bytes);
        took[each] = now() - begun;
    }
    for (int each = 0; each < messages; each++)
        printf("%lld\n", took[each]);
    rd_kafka_destroy(rk);
    return 0;
}
