"""A topic of Kafka's in browsers: messages come by HTTP and WebSocket, and a topic is streamed to who looks at it."""
