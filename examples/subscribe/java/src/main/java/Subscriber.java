import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.StringDeserializer;

/** Says of each completed import what became of its rows: mvn -q compile exec:java [-Dexec.args=--from-start]. */
public final class Subscriber {
    private static final Duration CLOCKS = Duration.ofMinutes(1); // how far two machines' clocks may be apart
    private static final String LIFECYCLE = setting("TOPIC_PREFIX", "") + "imports.lifecycle";
    private static final String RESULTS = setting("TOPIC_PREFIX", "") + "imports.results";
    private static final Path DONE = Path.of(setting("DONE", "done.txt"));
    private static final ObjectMapper JSON = new ObjectMapper();

    public static void main(String[] arguments) throws IOException {
        try (KafkaConsumer<String, String> consumer = open(setting("GROUP", "example-java"))) {
            stopWithSignal(consumer, Thread.currentThread());
            consumer.subscribe(List.of(LIFECYCLE), new ConsumerRebalanceListener() {
                @Override
                public void onPartitionsAssigned(Collection<TopicPartition> assigned) {
                    if (List.of(arguments).contains("--from-start")) { // all that the topic still holds, once more
                        consumer.seekToBeginning(assigned);
                    }
                }

                @Override
                public void onPartitionsRevoked(Collection<TopicPartition> revoked) {
                }
            });
            while (true) {
                for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofSeconds(1))) {
                    // other types, and those still to come, are passed over
                    if (header(record, "ce_type").equals("rollcall.ImportCompleted")) {
                        onImportCompleted(header(record, "ce_id"), JSON.readTree(record.value()));
                    }
                }
                consumer.commitSync(); // after the work: a crash brings the event again
            }
        } catch (WakeupException stopped) {
            // the group was left in order, so that the next one need not wait for a timeout
        }
    }

    private static void stopWithSignal(KafkaConsumer<String, String> consumer, Thread main) {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            consumer.wakeup();
            try {
                main.join(Duration.ofSeconds(5).toMillis());
            } catch (InterruptedException late) {
                Thread.currentThread().interrupt();
            }
        }));
    }

    private static void onImportCompleted(String eventId, JsonNode completed) throws IOException {
        ObjectNode line = JSON.createObjectNode().put("event", eventId);
        if (isDone(eventId)) {
            System.out.println(line.put("again", true));
            return;
        }
        Map<String, Integer> outcomes = new TreeMap<>();
        for (JsonNode result : rowsOf(completed).values()) {
            outcomes.merge(result.get("outcome").asText(), 1, Integer::sum);
        }
        line.put("file", completed.get("file_name").asText()).set("outcomes", JSON.valueToTree(outcomes));
        System.out.println(line);
        remember(eventId);
    }

    /**
     * The results of a completed import by row. When ImportCompleted is told all of them are on the topic, so it is enough
     * to read from where Run was pressed up to the end as it is now. A row that is there twice says the same twice.
     */
    private static Map<Integer, JsonNode> rowsOf(JsonNode completed) throws IOException {
        Map<Integer, JsonNode> rows = new HashMap<>();
        try (KafkaConsumer<String, String> consumer = open(null)) {
            List<TopicPartition> partitions = consumer.partitionsFor(RESULTS).stream()
                .map(info -> new TopicPartition(RESULTS, info.partition())).toList();
            consumer.assign(partitions);
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            long since = OffsetDateTime.parse(completed.get("started_at").asText()).minus(CLOCKS).toInstant().toEpochMilli();
            Map<TopicPartition, Long> times = new HashMap<>();
            partitions.forEach(partition -> times.put(partition, since));
            consumer.offsetsForTimes(times).forEach((partition, place) ->
                consumer.seek(partition, place == null ? ends.get(partition) : place.offset()));
            while (partitions.stream().anyMatch(partition -> consumer.position(partition) < ends.get(partition))) {
                for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofSeconds(1))) {
                    JsonNode result = JSON.readTree(record.value());
                    if (result.get("import_id").equals(completed.get("import_id"))) {
                        rows.put(result.get("row").asInt(), result);
                    }
                }
            }
        }
        return rows;
    }

    private static KafkaConsumer<String, String> open(String group) {
        Map<String, Object> settings = new HashMap<>(Map.of(
            "bootstrap.servers", setting("KAFKA", "localhost:9092"),
            "auto.offset.reset", "earliest",
            "enable.auto.commit", false));
        if (group != null) {
            settings.put("group.id", group);
        }
        return new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer());
    }

    /**
     * Ids of events that are dealt with, in a file. In a real system this is a table, written in the transaction of
     * whatever the event led to: then an event that comes twice, as any may, has its effect once.
     */
    private static boolean isDone(String eventId) throws IOException {
        return Files.exists(DONE) && Files.readAllLines(DONE).contains(eventId);
    }

    private static void remember(String eventId) throws IOException {
        Files.writeString(DONE, eventId + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }

    private static String header(ConsumerRecord<String, String> record, String name) {
        return new String(record.headers().lastHeader(name).value(), StandardCharsets.UTF_8);
    }

    private static String setting(String name, String otherwise) {
        return System.getenv().getOrDefault(name, otherwise);
    }
}
