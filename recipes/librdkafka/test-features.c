/* Ends with 0 only if the librdkafka that is loaded has the version and exactly the features that are named:
 * test-features VERSION FEATURE... */
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv) {
        char found[512], rest[512];
        size_t size = sizeof(found);
        int status = 0, count = 0;

        if (argc < 3 || strcmp(rd_kafka_version_str(), argv[1])) {
                fprintf(stderr, "librdkafka %s is loaded\n", rd_kafka_version_str());
                return 1;
        }
        rd_kafka_conf_t *conf = rd_kafka_conf_new();
        if (rd_kafka_conf_get(conf, "builtin.features", found, &size) != RD_KAFKA_CONF_OK)
                return 1;
        rd_kafka_conf_destroy(conf);
        printf("builtin.features = %s\n", found);

        strcpy(rest, found);
        for (char *word = strtok(rest, ","); word; word = strtok(NULL, ","), count++) {
                int wanted = 0;
                for (int i = 2; i < argc; i++)
                        wanted |= !strcmp(word, argv[i]);
                if (!wanted) {
                        fprintf(stderr, "not asked for: %s\n", word);
                        status = 1;
                }
        }
        if (count != argc - 2) {
                fprintf(stderr, "%d features were asked for, %d are there\n", argc - 2, count);
                status = 1;
        }
        return status;
}
