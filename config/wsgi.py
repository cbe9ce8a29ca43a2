"""What gunicorn serves."""

import os
import sys

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from config.charsets import Request
from config.database import for_requests
from config.database.patient import ANSWER, Connection
from config.env import SettingError

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
try:
    application = get_wsgi_application()
    application.request_class = Request
    for_requests(settings.DATABASES["default"], seconds=settings.DATABASE_STATEMENT_SECONDS)
    Connection.longest = settings.DATABASE_STATEMENT_SECONDS + ANSWER
except SettingError as error:
    sys.exit(str(error))
