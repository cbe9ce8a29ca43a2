"""All settings, one file, read top to bottom. What each variable means: .env.example."""

from typing import Any

from django.utils.csp import CSP

from config import cache, database, logs, providers
from config.database import tls
from config.env import (
    BASE_DIR,
    env,
    read_environment,
    required,
    secret_key,
    setup_token,
    signup_mode,
    site_url,
    split,
)

ENVIRONMENT = read_environment()
DEVELOPMENT = ENVIRONMENT == "development"
TESTING = ENVIRONMENT == "test"
DEPLOYED = not (DEVELOPMENT or TESTING)

SECRET_KEY = secret_key(ENVIRONMENT)
SECRET_KEY_FALLBACKS = env.names("SECRET_KEY_FALLBACKS")
ENCRYPTION_SECRETS = env.names("ENCRYPTION_SECRETS") or [SECRET_KEY, *SECRET_KEY_FALLBACKS]
DEBUG = DEVELOPMENT and env.flag("DEBUG", True)
ALLOWED_HOSTS = split(required("ALLOWED_HOSTS", ENVIRONMENT, otherwise="localhost,127.0.0.1,[::1]"))
SITE_NAME = env.str("SITE_NAME", "Groundwork")

# Django's checks for things decided here on purpose.
SILENCED_SYSTEM_CHECKS = [
    "security.W021",  # HSTS preloading binds a domain for years: opt in yourself
]

INSTALLED_APPS = [
    "config",
    "accounts",
    "orgs",
    "waitlist",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.github",
    "allauth.socialaccount.providers.google",
    "allauth.socialaccount.providers.microsoft",
    "allauth.socialaccount.providers.openid_connect",
    "config.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.postgres",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "config.logs.RequestLogMiddleware",
    "config.serving.health.HealthMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "accounts.sessions.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "accounts.impersonation.ImpersonationMiddleware",
    "accounts.dates.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.signin.reauthentication.ReauthenticationMiddleware",
    "config.errors.ErrorMiddleware",
    "orgs.access.AccessMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.csp",
                "config.context.site",
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
INSTALLED_APPS += ["django.forms"]

# Database

DATABASE_CA = env.str("DATABASE_CA", "")
DATABASE_DEMANDS = (
    tls.Demands(DATABASE_CA, env.names("DATABASE_PRIVATE_HOSTS"))
    if DEPLOYED or DATABASE_CA
    else None
)
DATABASE_STATEMENT_SECONDS = env.number("DATABASE_STATEMENT_SECONDS", 30, least=1)
DATABASES = {
    "default": database.from_url(
        required("DATABASE_URL", ENVIRONMENT, otherwise=""),
        environment=ENVIRONMENT,
        pool=database.Pool(
            size=env.number("DATABASE_POOL_SIZE", 16, least=1),
            idle=env.number("DATABASE_IDLE_SECONDS", 30, least=1),
            lifetime=env.number("DATABASE_LIFETIME_SECONDS", 60 * 60, least=1),
            wait=env.number("DATABASE_WAIT_SECONDS", 5, least=1),
            connect=env.number("DATABASE_CONNECT_SECONDS", 10, least=2),  # libpq's own least
        ),
        pooler=env.choice("DATABASE_POOLER", ("none", "transaction")),
        demands=DATABASE_DEMANDS,
    )
}

# Past the pooler, for PostgreSQL's own programs (config/database/clients.py).
DATABASE_DIRECT_URL = env.str("DATABASE_DIRECT_URL", "")
DATABASE_DIRECT = DATABASE_DIRECT_URL and database.from_url(
    DATABASE_DIRECT_URL, environment=ENVIRONMENT, demands=DATABASE_DEMANDS
)

# For reads that may be a minute old (accounts.recent) and codes that work once, in every worker.
CACHES = {"default": cache.from_url(env.str("CACHE_URL", ""), deployed=DEPLOYED)}

# People

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.signin.authentication.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.MD5PasswordHasher"
    if TESTING
    else "accounts.signin.passwords.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "accounts.signin.passwords.LengthValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ["name", "email"]},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
PWNED_PASSWORDS_URL = env.str("PWNED_PASSWORDS_URL", "https://api.pwnedpasswords.com/range/")
if env.flag("PWNED_PASSWORDS", False):
    AUTH_PASSWORD_VALIDATORS += [{"NAME": "accounts.signin.passwords.BreachValidator"}]

LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "orgs:organization_last"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_FORMS = {
    "add_email": "accounts.forms.AddEmailForm",
    "change_password": "accounts.forms.ChangePasswordForm",
    "confirm_email_verification_code": "accounts.forms.ConfirmEmailForm",
    "confirm_login_code": "accounts.forms.ConfirmLoginCodeForm",
    "login": "accounts.forms.LoginForm",
    "reauthenticate": "accounts.forms.ReauthenticateForm",
    "request_login_code": "accounts.forms.RequestLoginCodeForm",
    "reset_password": "accounts.forms.ResetPasswordForm",
    "reset_password_from_key": "accounts.forms.ResetPasswordKeyForm",
    "signup": "accounts.forms.SignupForm",
    "user_token": "accounts.forms.UserTokenForm",
}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = 5  # times, should the mail server be down
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_TIMEOUT = 10 * 60  # seconds
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = 5  # times
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 10 * 60  # seconds
ACCOUNT_LOGIN_TIMEOUT = 30 * 60  # seconds from the first step to the last
PASSWORD_RESET_TIMEOUT = 60 * 60  # seconds
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_MAX_EMAIL_ADDRESSES = 10
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_REAUTHENTICATION_TIMEOUT = 10 * 60  # seconds
ACCOUNT_LOGOUT_REDIRECT_URL = "landing"
ACCOUNT_EMAIL_CONFIRMATION_AUTHENTICATED_REDIRECT_URL = "/accounts/email/"
ACCOUNT_SESSION_REMEMBER = True
ALLAUTH_USER_CODE_FORMAT = {"numeric": True, "dashed": False, "length": 6}

# How often, in which time, counted by what: an IP address (IPv6: its /64), a person, or a key, the
# email address that was typed. accounts.rates counts, and answers 429 to what is too much.
ACCOUNT_RATE_LIMITS = {
    # Guessing. A success takes its own try back and no other.
    "login_failed": "10/m/ip,5/5m/key",
    "code_failed": "10/m/ip,5/5m/key",  # codes by email
    "second_factor": "10/m/ip,10/15m/key",  # one count for codes, passkeys and recovery codes
    "reauthenticate": "10/m/user",
    "change_password": "5/m/user",
    "reset_password_from_key": "20/m/ip",
    # Emails to a mailbox whose owner may not have asked for them.
    "request_login_code": "20/m/ip,3/m/key",
    "reset_password": "20/m/ip,5/m/key",
    "confirm_email": "5/5m/key",  # a sign-up and its repetition must both get through
    "manage_email": "10/m/user",
    # What costs a password's hash, or a question to a provider.
    "login": "30/m/ip",
    "provider": "30/m/ip",
    "signup": "20/m/ip",
}
MFA_RATE_LIMITS = {"webauthn_login": "10/m/ip"}
ALLAUTH_TRUSTED_PROXY_COUNT = env.number("TRUSTED_PROXY_COUNT", 0)

# Further ways to sign in, and second factors

MFA_ADAPTER = "accounts.mfa.adapter.MFAAdapter"
MFA_FORMS = {
    "activate_totp": "accounts.mfa.codes.ActivateAppForm",
    "add_webauthn": "accounts.mfa.passkeys.AddPasskeyForm",
    "authenticate": "accounts.mfa.codes.AuthenticateForm",
    "authenticate_webauthn": "accounts.mfa.passkeys.AuthenticateForm",
    "edit_webauthn": "accounts.mfa.passkeys.RenameForm",
    "login_webauthn": "accounts.mfa.passkeys.LoginForm",
    "reauthenticate": "accounts.mfa.codes.ReauthenticateForm",
    "reauthenticate_webauthn": "accounts.mfa.passkeys.ReauthenticateForm",
    "signup_webauthn": "accounts.mfa.passkeys.SignupPasskeyForm",
}
MFA_SUPPORTED_TYPES = ["recovery_codes", "totp", "webauthn"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_PASSKEY_SIGNUP_ENABLED = True
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_ISSUER = SITE_NAME
MFA_TOTP_TOLERANCE = 1  # steps of 30 seconds, for slow fingers and clocks that differ
# With PIN, finger or face a passkey is two factors; one challenge then serves no weaker page.
MFA_WEBAUTHN_USER_VERIFICATION = "required"
MFA_TRUST_ENABLED = True
MFA_TRUST_COOKIE_AGE = 30 * 24 * 60 * 60  # seconds

PLATFORM_ROLES = env.roles("PLATFORM_ROLES")
SETUP_TOKEN = setup_token()
ADMIN_REQUIRES_SECOND_FACTOR = env.flag("ADMIN_REQUIRES_SECOND_FACTOR", DEPLOYED)

SOCIALACCOUNT_ADAPTER = "accounts.social.adapter.SocialAccountAdapter"
SOCIALACCOUNT_PROVIDERS = providers.configured(ENVIRONMENT)
SOCIALACCOUNT_FORMS = {
    "disconnect": "accounts.social.forms.DisconnectForm",
    "signup": "accounts.social.forms.SignupForm",
}
SOCIALACCOUNT_STORE_TOKENS = True  # encrypted, see accounts/social/tokens.py
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True  # for whom: accounts/social/adapter.py
SOCIALACCOUNT_LOGIN_ON_GET = False
SOCIALACCOUNT_REQUESTS_TIMEOUT = 4  # seconds

# Sessions, cookies and the browser's own defenses

HTTPS = env.flag("HTTPS", DEPLOYED)
COOKIE_PREFIX = "__Host-" if HTTPS else ""

SESSION_ENGINE = "accounts.sessions"
SESSION_COOKIE_NAME = f"{COOKIE_PREFIX}session"
SESSION_COOKIE_SECURE = HTTPS
SESSION_COOKIE_AGE = 14 * 24 * 60 * 60  # seconds
MFA_TRUST_COOKIE_NAME = f"{COOKIE_PREFIX}trusted"
CSRF_COOKIE_NAME = f"{COOKIE_PREFIX}csrf"
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "config.errors.csrf_failure"
CSRF_TRUSTED_ORIGINS = env.names("CSRF_TRUSTED_ORIGINS")
MESSAGE_STORAGE = "config.messages.CookieStorage"
# Shown also while the database is away, and then to everybody as to a visitor.
PUBLIC_PAGES = [
    "landing",
    "account_login",
    "account_signup",
    "account_reset_password",
    "waitlist:join",
    "waitlist:thanks",
]

SECURE_SSL_REDIRECT = HTTPS
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if ALLAUTH_TRUSTED_PROXY_COUNT else None
)
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.flag("HSTS_INCLUDE_SUBDOMAINS", True)
SECURE_HSTS_PRELOAD = env.flag("HSTS_PRELOAD", False)
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
SECURE_CSP = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF, CSP.NONCE],
    "style-src": [CSP.SELF, CSP.NONCE],
    "img-src": [CSP.SELF, "data:"],
    "font-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "manifest-src": [CSP.SELF],
    "form-action": [CSP.SELF],
    "frame-ancestors": [CSP.NONE],
    "base-uri": [CSP.NONE],
}

# Static files

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "config.serving.static_files.StaticFilesStorage"
        if DEPLOYED
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

# Uploads are kept in memory and in the database: no disk, no bucket

FILE_UPLOAD_HANDLERS = [
    "config.uploads.SizeLimit",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
]
FILE_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024  # bytes of a form with files
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024  # bytes of one without

# Mail

DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", f"{SITE_NAME} <hello@localhost>")
MAIL_FOLDER = BASE_DIR / ".mail"  # development keeps each mail here, /dev/mail/ shows them
MAIL_DELIVERY = env.choice("MAIL_DELIVERY", ("request", "worker"))
MAIL_KEPT_DAYS = env.number("MAIL_KEPT_DAYS", 30)
MAILERS: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "accounts.outbox.backend.EmailBackend"},  # which hands on, in time, to …
    "transport": {"BACKEND": "config.mail.DevelopmentBackend"},
}
if env.str("SMTP_HOST", "") or not DEVELOPMENT:
    MAILERS["transport"] = {
        "BACKEND": "accounts.outbox.smtp.EmailBackend",
        "OPTIONS": {
            "host": env.str("SMTP_HOST", "localhost"),
            "port": env.number("SMTP_PORT", 587),
            "username": env.str("SMTP_USER", ""),
            "password": env.str("SMTP_PASSWORD", ""),
            "use_tls": env.flag("SMTP_STARTTLS", True),
            "timeout": 60,  # seconds for all of one email; a request waits for five at most
        },
    }

# Language and time

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_I18N = False
FORMAT_MODULE_PATH = "config.formats"  # short dates in the admin; our own pages name theirs

# The product's own switches

SITE_URL = site_url(ENVIRONMENT)  # what links in emails begin with, see accounts/links.py
WAITLIST_ENABLED = env.flag("WAITLIST_ENABLED", True)
SIGNUP_MODE = signup_mode(waitlist=WAITLIST_ENABLED)
IMPERSONATION_NOTICE = env.flag("IMPERSONATION_NOTICE", False)
INVITATION_HOURS = env.number("INVITATION_HOURS", 48)
TRANSFER_HOURS = 48  # for which the primary ownership of an organization stays offered
# Each is enforced under a lock: orgs/limits.py
MAX_ORGANIZATIONS_OWNED = env.number("MAX_ORGANIZATIONS_OWNED", 5)  # by one person
MAX_MEMBERS = env.number("MAX_MEMBERS", 100)  # of an organization
MAX_INVITATIONS = env.number("MAX_INVITATIONS", 100)  # pending ones of an organization
MAX_TEAMS = env.number("MAX_TEAMS", 50)  # of an organization
MAX_TEAM_MEMBERS = env.number("MAX_TEAM_MEMBERS", 100)
INVITATION_RATE = env.rate("INVITATION_RATE", "200/d")  # emails that one person causes
WAITLIST_CONFIRM = env.flag("WAITLIST_CONFIRM", False)
WAITLIST_ALLOWED_ORIGINS = env.origins("WAITLIST_ALLOWED_ORIGINS")
WAITLIST_RATE = env.rate("WAITLIST_RATE", "10/m")  # an IP address, or an IPv6 network (/64)

# Logs, and in development the page of an error

DEFAULT_EXCEPTION_REPORTER_FILTER = "config.masks.DebugPage"
LOGGING = logs.configuration(json=DEPLOYED)
