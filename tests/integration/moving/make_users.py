#!/usr/bin/env python3
"""Makes files of users with the programs that other people have: Django, htpasswd, shadow's chpasswd, slapd's tools. Of
Authelia and Keycloak, which Debian has not, it writes the documented form itself, with Python's own hashes.

usage: make_users.py django|htpasswd|shadow|ldif|authelia|keycloak DIR    prints `name<TAB>password` of who must log in
"""

import base64
import csv
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys

INSTALL = "run `tools/setup --dev`, which installs it"


def need(program):
    if not shutil.which(program):
        sys.exit(f"make_users.py: there is no {program}: {INSTALL}")


def run(*words, **options):
    return subprocess.run(words, check=True, text=True, stdout=subprocess.PIPE, **options).stdout


def say(name, password):
    print(f"{name}\t{password}")


def make_django(folder):
    try:
        import django
        from django.conf import settings
    except ImportError:
        sys.exit(f"make_users.py: there is no Django for Python: {INSTALL}")
    hashers = ["PBKDF2PasswordHasher", "PBKDF2SHA1PasswordHasher", "Argon2PasswordHasher", "BCryptSHA256PasswordHasher",
               "BCryptPasswordHasher", "ScryptPasswordHasher", "SHA1PasswordHasher", "MD5PasswordHasher",
               "UnsaltedSHA1PasswordHasher", "UnsaltedMD5PasswordHasher"]
    from django.contrib.auth import hashers as there
    hashers = [name for name in hashers if hasattr(there, name)]
    settings.configure(
        SECRET_KEY="of a test", USE_TZ=True, INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(folder / "db.sqlite3")}},
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        PASSWORD_HASHERS=["django.contrib.auth.hashers." + name for name in hashers])
    django.setup()
    from django.contrib.auth.hashers import get_hasher, get_hashers
    from django.contrib.auth.models import Group, User
    from django.core.management import call_command
    call_command("migrate", verbosity=0)
    for hasher in get_hashers():
        name, password = "d_" + hasher.algorithm, "pässword of " + hasher.algorithm
        salt = "" if hasher.algorithm.startswith("unsalted") else get_hasher(hasher.algorithm).salt()
        User.objects.create(username=name, password=hasher.encode(password, salt), first_name="Ann", last_name="O'Neil",
                            email=name + "@example.com")
        say(name, password)
    User.objects.get(username="d_pbkdf2_sha256").groups.add(Group.objects.create(name="night shift"))
    User.objects.create_user("d_ldap")  # an unusable password
    User.objects.create_user("d_gone", password="x", is_active=False)
    User.objects.create_superuser("d_root", password="the password of root")
    say("d_root", "the password of root")
    for name, options in (("users.json", {}), ("natural.json", {"use_natural_foreign_keys": True}),
                          ("users.jsonl", {"format": "jsonl"})):
        with open(folder / name, "w", encoding="utf-8") as out:
            call_command("dumpdata", "auth.user", "auth.group", stdout=out, **options)
    with open(folder / "users.csv", "w", encoding="utf-8", newline="") as out:
        columns = ["id", "username", "password", "is_active", "is_superuser", "first_name", "last_name", "email"]
        rows = csv.writer(out)
        rows.writerow(columns)
        for row in User.objects.values_list(*columns):
            # As PostgreSQL's \copy writes booleans.
            rows.writerow(("f", "t")[value] if isinstance(value, bool) else value for value in row)


def make_htpasswd(folder):
    need("htpasswd")
    file = folder / "htpasswd"
    file.touch()
    for option, name, password in (("-B", "h_bcrypt", "a pass: word"), ("-m", "h_apr1", "an older one"),
                                   ("-s", "h_sha", "a bare digest"), ("-d", "h_crypt", "short"),
                                   ("-2", "h_sha256", "of glibc"), ("-5", "h_sha512", "of glibc too")):
        subprocess.run(["htpasswd", "-i", option, str(file), name], input=password, text=True, check=True,
                       stderr=subprocess.DEVNULL)
        say(name, password)
    subprocess.run(["htpasswd", "-i", "-p", str(file), "h_plain"], input="in the clear, not a hash", text=True, check=True,
                   stderr=subprocess.DEVNULL)
    # What editors and other systems make of it.
    text = file.read_text(encoding="utf-8")
    (folder / "edited").write_text("# by hand\r\n\r\n" + text.replace("\n", "\r\n\r\n") + "h_empty:\r\nno colon",
                                   encoding="utf-8", newline="")


def make_shadow(folder):
    need("chpasswd")
    etc = folder / "root" / "etc"
    etc.mkdir(parents=True)
    people = {"s_yescrypt": "YESCRYPT", "s_sha512": "SHA512", "s_sha256": "SHA256", "s_md5": "MD5", "s_des": "DES",
              "s_locked": "SHA512", "s_expired": "SHA512"}
    lines = ["root:x:0:0:root:/root:/bin/sh", "daemon:x:1:1::/:/bin/false"]
    lines += [f"{name}:x:{1000 + number}:1000:Ann Person,,,:/:/bin/sh" for number, name in enumerate(people)]
    lines += ["s_open:x:1100:1000::/:/bin/sh"]
    (etc / "passwd").write_text("\n".join(lines) + "\n", encoding="utf-8")
    names = [line.split(":")[0] for line in lines]
    (etc / "shadow").write_text("".join(f"{name}:*:19000:0:99999:7:::\n" for name in names), encoding="utf-8")
    (etc / "group").write_text("root:x:0:\npeople:x:1000:\n", encoding="utf-8")
    (etc / "login.defs").write_text("", encoding="utf-8")
    as_root = [] if os.geteuid() == 0 else ["unshare", "-r"]
    for name, method in people.items():
        # DES sees 8 bytes, and tells a password from others by less alone.
        password = "seven77" if method == "DES" else "the password of " + name
        subprocess.run([*as_root, "chpasswd", "-R", str(folder / "root"), "-c", method], input=f"{name}:{password}\n",
                       text=True, check=True)
        if name not in ("s_locked", "s_expired"):
            say(name, password)
    text = (etc / "shadow").read_text(encoding="utf-8")
    text = text.replace("s_locked:", "s_locked:!").replace("s_open:*:", "s_open::")
    expired = [line for line in text.splitlines() if line.startswith("s_expired:")][0]
    text = text.replace(expired, ":".join([*expired.split(":")[:7], "15000", ""]))
    (folder / "shadow").write_text(text, encoding="utf-8")
    shutil.copy(etc / "passwd", folder / "passwd")


def make_ldif(folder):
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    for program in ("slappasswd", "slapadd", "slapcat"):
        need(program)
    (folder / "db").mkdir()
    config = folder / "slapd.conf"
    config.write_text("\n".join([
        *(f"include /etc/ldap/schema/{name}.schema" for name in ("core", "cosine", "inetorgperson")),
        "modulepath /usr/lib/ldap", "moduleload back_mdb", "database mdb", 'suffix "dc=example,dc=com"',
        f"directory {folder / 'db'}", ""]), encoding="utf-8")
    entries = ["dn: dc=example,dc=com\nobjectClass: dcObject\nobjectClass: organization\no: Example\ndc: example\n"]
    schemes = {"l_ssha": ["-h", "{SSHA}"], "l_sha": ["-h", "{SHA}"], "l_smd5": ["-h", "{SMD5}"], "l_md5": ["-h", "{MD5}"],
               "l_crypt": ["-h", "{CRYPT}", "-c", "$6$%.16s"],
               "l_argon2": ["-o", "module-path=/usr/lib/ldap", "-o", "module-load=argon2", "-h", "{ARGON2}"]}
    for name, options in schemes.items():
        password = "the password of " + name
        stored = run("slappasswd", *options, "-s", password).strip()
        entries.append(f"dn: uid={name},dc=example,dc=com\nobjectClass: inetOrgPerson\nuid: {name}\ncn: {name}\n"
                       f"givenName: Ann with a rather long name that an export folds, so that it takes two lines\nsn: Person\n"
                       f"mail: {name}@example.com\nuserPassword: {stored}\n")
        say(name, password)
    entries.append("dn: uid=l_plain,dc=example,dc=com\nobjectClass: inetOrgPerson\nuid: l_plain\ncn: l_plain\nsn: Person\n"
                   "userPassword: {CLEARTEXT}in the clear\n")
    (folder / "in.ldif").write_text("\n".join(entries), encoding="utf-8")
    run("slapadd", "-f", str(config), "-l", str(folder / "in.ldif"))
    (folder / "users.ldif").write_text(run("slapcat", "-f", str(config)), encoding="utf-8")


def argon2_of(password):
    try:
        import argon2
    except ImportError:
        sys.exit(f"make_users.py: there is no argon2 for Python: {INSTALL}")
    return argon2.PasswordHasher(time_cost=3, memory_cost=65536, parallelism=4, hash_len=32, salt_len=16).hash(password)


def make_authelia(folder):
    salt = os.urandom(16)
    adapted = lambda data: base64.b64encode(data).decode().rstrip("=").replace("+", ".")
    sha512 = hashlib.pbkdf2_hmac("sha512", b"of sha512", salt, 310000)
    (folder / "users.yml").write_text(f"""---
# Users
users:
  a_argon2:
    disabled: false
    displayname: 'Ann Person'
    password: '{argon2_of("of argon2")}'
    email: ann@example.com
    groups:
      - admins
      - 'dev'
  "a_pbkdf2":
    displayname: Bob
    password: "$pbkdf2-sha512$310000${adapted(salt)}${adapted(sha512)}"
    email: bob@example.com
  a_gone: {{disabled: true, displayname: Gone, password: '{argon2_of("x")}'}}
...
""", encoding="utf-8")
    say("a_argon2", "of argon2")
    say("a_pbkdf2", "of sha512")


def make_keycloak(folder):
    encode = lambda data: base64.b64encode(data).decode()

    def user(name, algorithm, value, salt, iterations, more):
        return {"username": name, "enabled": True, "firstName": "Ann", "email": name + "@example.com",
                "groups": ["/staff", "/staff/night"], "credentials": [
                    {"type": "otp", "secretData": "{}", "credentialData": "{}"},
                    {"type": "password",
                     "secretData": json.dumps({"value": encode(value), "salt": encode(salt), "additionalParameters": {}}),
                     "credentialData": json.dumps({"hashIterations": iterations, "algorithm": algorithm,
                                                   "additionalParameters": more})}]}

    salt = os.urandom(16)
    users = []
    # Keycloak's provider pbkdf2-sha256 makes 64 bytes (authentik's and Django's make 32).
    for name, digest, size in (("pbkdf2-sha256", "sha256", 64), ("pbkdf2-sha512", "sha512", 64), ("pbkdf2", "sha1", 64)):
        password = "of " + name
        users.append(user("k_" + digest, name, hashlib.pbkdf2_hmac(digest, password.encode(), salt, 27500, size), salt,
                          27500, {}))
        say("k_" + digest, password)
    phc = argon2_of("of argon2").split("$")
    users.append(user("k_argon2", "argon2", base64.b64decode(phc[5] + "=="), base64.b64decode(phc[4] + "=="), 3,
                      {"hashLength": ["32"], "memory": ["65536"], "type": ["id"], "version": ["1.3"], "parallelism": ["4"]}))
    say("k_argon2", "of argon2")
    users.append({"username": "k_federated", "enabled": True, "credentials": []})
    users.append({"username": "service-account-x", "enabled": True, "serviceAccountClientId": "x"})
    (folder / "realm.json").write_text(json.dumps({"realm": "example", "users": users}), encoding="utf-8")


MAKERS = {"django": make_django, "htpasswd": make_htpasswd, "shadow": make_shadow, "ldif": make_ldif,
          "authelia": make_authelia, "keycloak": make_keycloak}

if __name__ == "__main__":
    MAKERS[sys.argv[1]](pathlib.Path(sys.argv[2]).resolve())
