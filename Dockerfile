# The production image: `docker build -t groundwork .`
# It listens on $PORT and wants SECRET_KEY, DATABASE_URL, ALLOWED_HOSTS and SITE_URL; .env.example explains
# these and the others. Before a new version serves, run `python manage.py migrate` in it once.
# compose.production.yaml runs all of it on one machine; docs/deploy.md tells the rest.

# Debian's release is named, because PostgreSQL's packages below are made for it.
FROM python:3.13-slim-trixie AS base
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1
WORKDIR /app

FROM base AS packages
RUN python -m venv --without-pip /venv
COPY requirements.txt constraints.txt ./
RUN pip --python /venv/bin/python install --no-cache-dir --only-binary :all: -r requirements.txt

FROM base
# pg_dump, pg_restore and psql, for `manage.py db export` and `restore`: none may be older than the database.
ADD --chmod=644 https://www.postgresql.org/media/keys/ACCC4CF8.asc /etc/apt/keyrings/postgresql.asc
RUN echo "deb [signed-by=/etc/apt/keyrings/postgresql.asc]" \
    "https://apt.postgresql.org/pub/repos/apt trixie-pgdg main" >/etc/apt/sources.list.d/postgresql.list \
    && apt-get update -qq \
    && apt-get install -qq --yes --no-install-recommends postgresql-client-18 \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --no-create-home groundwork
COPY --from=packages /venv /venv
COPY . .
# Collecting needs settings, though none of these values; they are gone with this line.
RUN ENVIRONMENT=production SECRET_KEY="$(python -c 'import secrets; print(secrets.token_hex())')" \
    ALLOWED_HOSTS=localhost SITE_URL=https://localhost DATABASE_URL=postgres://localhost/none \
    python manage.py collectstatic --no-input && python -m compileall -q . \
    && install --directory --owner=10001 --mode=700 backups

USER 10001
ENV ENVIRONMENT=production PORT=8000
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["python", "-c", \
    "import os, urllib.request as web; web.urlopen('http://127.0.0.1:' + os.environ['PORT'] + '/health/live')"]
CMD ["gunicorn", "--config", "config/gunicorn.py", "config.wsgi"]
