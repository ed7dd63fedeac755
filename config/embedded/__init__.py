"""The parts that run on one machine: data folder, embedded Postgres, embedded broker, supervisor."""
