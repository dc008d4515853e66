FROM python:3.13-slim-trixie

ENV PYTHONUNBUFFERED=1
WORKDIR /app
# pg_dump and pg_restore, for backup and restore: of the server's version (docker-compose.yml) or newer.
RUN apt-get update && apt-get install --yes --no-install-recommends postgresql-client-17 && rm -rf /var/lib/apt/lists/*
COPY requirements.txt .
RUN pip install --no-cache-dir --require-hashes --no-deps --only-binary :all: -r requirements.txt
COPY . .
RUN DEMO=0 SECRET_KEY=only-to-collect-files python manage.py collectstatic --no-input \
    && useradd --system homeward \
    && install --directory --owner=homeward --mode=700 /data/files /data/backups
USER homeward

# The port must not be open to the world: a TLS proxy stands before it, so whoever reaches it is believed about the client.
CMD ["uvicorn", "config.asgi:application", "--host=0.0.0.0", "--port=8000", "--workers=2", "--no-access-log", \
     "--no-server-header", "--forwarded-allow-ips=*", "--timeout-graceful-shutdown=5"]
