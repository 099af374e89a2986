"""An independent OData 2.0 client, pyodata, on control objects and on the entities of a collection."""

import datetime
import json
import re

import pyodata
import requests
from pyodata.exceptions import HttpError
from pyodata.v2.model import Config, EndRole
from pyodata.v2.service import EntityKey
from unit import Operator, account, cell, equal

UTC = datetime.timezone.utc
ODATA = (
    "<D:mkcol xmlns:D='DAV:' xmlns:p='urn:x-personium:xmlns'><D:set><D:prop>"
    "<D:resourcetype><D:collection/><p:odata/></D:resourcetype></D:prop></D:set></D:mkcol>"
)


class Connection(requests.Session):
    """Answers in the form that pyodata expects.

    Two forms of the API are other than OData 2.0's, and clients of the API rely on them: the answers recorded from
    the reference have them all.

    - One entity is `{"d": {"results": {…}}}`, where OData has `{"d": {…}}`.
    - What is behind a navigation property that leads to one entity, in `$expand` or by its URL, is a list.
    """

    def __init__(self, authorization):
        super().__init__()
        self.headers["Authorization"] = authorization
        self.to_one = set()

    def request(self, method, url, **arguments):
        answer = super().request(method, url, **arguments)
        if answer.ok and answer.headers.get("content-type", "").startswith("application/json"):
            body = answer.json()
            results = body["d"]["results"]
            for entity in results if isinstance(results, list) else [results]:
                self.unwrap(entity)
            if isinstance(results, list) and self.leads_to_one(requests.utils.unquote(answer.url)):
                (results,) = results
            if isinstance(results, dict):
                body["d"] = results
            answer._content = json.dumps(body).encode()
        return answer

    def unwrap(self, entity):
        """Puts the entity itself where a list of one is."""
        name = entity.get("__metadata", {}).get("type", "").rpartition(".")[2]
        for key, value in entity.items():
            if (name, key) in self.to_one and isinstance(value, list):
                entity[key] = value[0] if value else None

    def leads_to_one(self, url):
        """Whether a URL ends in such a navigation property."""
        found = re.search(r"/(\w+)\('[^']*'\)/(\w+)$", url.partition("?")[0])
        return found is not None and found.groups() in self.to_one


class Key(EntityKey):
    """A key with parts that are null, which pyodata would write as `None`."""

    def to_key_string_without_parentheses(self):
        return super().to_key_string_without_parentheses().replace("=None", "=null")


def client(url, operator):
    """Reads `$metadata`. Nulls stay nulls, so one that the schema does not allow is an error."""
    connection = Connection(operator.headers["Authorization"])
    service = pyodata.Client(url, connection, config=Config(retain_null=True))
    for entity_type in service.schema.entity_types:
        for navigation in entity_type.nav_proprties:
            if navigation.to_role.multiplicity != EndRole.MULTIPLICITY_ZERO_OR_MORE:
                connection.to_one.add((entity_type.name, navigation.name))
    return service


def refused(status, request):
    """Whether a request is refused with that status."""
    try:
        request.execute()
    except HttpError as error:
        return error.response.status_code == status
    return False


def control_objects(operator, cell_url):
    """Boxes, Roles and Accounts."""
    control = client(f"{cell_url}/__ctl", operator)
    sets = control.entity_sets
    names = [entity_set.name for entity_set in control.schema.entity_sets]
    equal("the schema has the entity sets", sorted(names), sorted(
        ["Account", "Box", "ExtCell", "ExtRole", "ReceivedMessage", "Relation", "Role", "Rule", "SentMessage"]
    ))
    keys = [part.name for part in control.schema.entity_type("Role").key_proprties]
    equal("a key of two parts", keys, ["Name", "_Box.Name"])

    box = sets.Box.create_entity().set(Name="diary", Schema="https://app.example/").execute()
    equal("a Box is created", (box.Name, box.Schema), ("diary", "https://app.example/"))
    for fields in ({"Name": "owner"}, {"Name": "writer", "_Box.Name": "diary"}):
        sets.Role.create_entity().set(**fields).execute()
    roles = sets.Role.get_entities().order_by("Name").execute()
    equal("Roles are listed", [role.Name for role in roles], ["owner", "writer"])
    role_type = control.schema.entity_type("Role")
    for name, box_name in (("owner", None), ("writer", "diary")):
        key = Key(role_type, **{"Name": name, "_Box.Name": box_name})
        equal(f"a Role by its key {key}", sets.Role.get_entity(key).execute().Name, name)
    roles = sets.Box.get_entity("diary").nav("_Role").get_entities().execute()
    equal("the Roles of a Box", [role.Name for role in roles], ["writer"])

    owner = f"{cell_url}/__ctl/Role('owner')"
    operator.post(f"{cell_url}/__ctl/Account('alice')/$links/_Role", json={"uri": owner})
    alice = sets.Account.get_entities().filter(Name="alice").expand("_Role").execute()[0]
    equal("an Account with its Roles", [role.Name for role in alice._Role], ["owner"])
    equal("its creation has a time", alice.__getattr__("__published").tzinfo, UTC)

    sets.Box.update_entity("diary", method="MERGE").set(Schema="https://other.example/").execute()
    box = sets.Box.get_entities().filter(Schema="https://other.example/").execute()[0]
    equal("a Box is changed", box.Name, "diary")
    sets.Role.delete_entity(Key(role_type, **{"Name": "writer", "_Box.Name": "diary"})).execute()
    equal("a Role is deleted", len(sets.Role.get_entities().execute()), 1)
    equal("messages are listed", list(sets.ReceivedMessage.get_entities().execute()), [])


def declare(operator, collection):
    """The schema of the collection: Notes, each of at most one Author."""
    schema = f"{collection}/$metadata"
    for name in ("Author", "Note"):
        operator.post(f"{schema}/EntityType", json={"Name": name})
    operator.post(f"{schema}/ComplexType", json={"Name": "Place"})
    part = {"Name": "city", "_ComplexType.Name": "Place", "Type": "Edm.String"}
    operator.post(f"{schema}/ComplexTypeProperty", json=part)
    for entity_type, name, kind in (
        ("Author", "name", "Edm.String"),
        ("Note", "title", "Edm.String"),
        ("Note", "mood", "Edm.Int32"),
        ("Note", "score", "Edm.Double"),
        ("Note", "weight", "Edm.Single"),
        ("Note", "at", "Edm.DateTime"),
        ("Note", "done", "Edm.Boolean"),
        ("Note", "where", "Place"),
    ):
        declared = {"Name": name, "_EntityType.Name": entity_type, "Type": kind}
        operator.post(f"{schema}/Property", json=declared)
    for name, entity_type, multiplicity in (("author", "Author", "0..1"), ("notes", "Note", "*")):
        end = {"Name": name, "_EntityType.Name": entity_type, "Multiplicity": multiplicity}
        operator.post(f"{schema}/AssociationEnd", json=end)
    author = f"{schema}/AssociationEnd(Name='author',_EntityType.Name='Author')"
    notes = f"{schema}/AssociationEnd(Name='notes',_EntityType.Name='Note')"
    operator.post(f"{author}/$links/_AssociationEnd", json={"uri": notes})


def schema_objects(operator, collection):
    """What was declared, as schema objects and as the schema that they make."""
    objects = client(f"{collection}/$metadata", operator).entity_sets
    found = objects.Property.get_entities().filter("_EntityType.Name eq 'Note'").order_by("Name").execute()
    names = [one.Name for one in found]
    equal("declared properties", names, ["at", "done", "mood", "score", "title", "weight", "where"])
    service = client(collection, operator)
    note = service.schema.entity_type("Note")
    kinds = {one.name: one.typ.name for one in note.proprties() if one.name in names}
    equal("their types in the schema", kinds, {
        "at": "Edm.DateTime",
        "done": "Edm.Boolean",
        "mood": "Edm.Int32",
        "score": "Edm.Double",
        "title": "Edm.String",
        "weight": "Edm.Single",
        "where": "Place",
    })
    equal("a navigation property", note.nav_proprty("_Author").to_role.multiplicity, "0..1")
    return service


def day(number):
    """A date of the Notes here."""
    return datetime.datetime(2020, 2, number, 12, 30, 15, 250_000, tzinfo=UTC)


def titles(request):
    """The titles that a list has, in its order."""
    return [note.title for note in request.execute()]


def entities(operator, service):
    """Notes and their Authors."""
    notes, authors = service.entity_sets.Note, service.entity_sets.Author
    jules = authors.create_entity().set(__id="jules", name="Jules").execute()
    equal("an entity is created", (jules.__getattr__("__id"), jules.name), ("jules", "Jules"))
    for n in range(1, 6):
        note = {"__id": f"n{n}", "title": f"day {n}'s 細胞", "mood": n, "score": n / 4, "at": day(n)}
        note |= {"done": n % 2 == 0, "where": {"city": f"city {n}"}}
        made = notes.create_entity().set(**note).execute()
        equal(f"and has what it was made with: {made.title}", {key: made._cache[key] for key in note}, note)
        # pyodata writes six digits behind the point, of which the API allows an Edm.Single five.
        operator.request("MERGE", f"{service.url}Note('n{n}')", json={"weight": n / 2})
    found = notes.get_entity("n2").execute()
    seen = (found.title, found.at, found.score, found.weight)
    equal("one by its key", seen, ("day 2's 細胞", day(2), 0.5, 1.0))
    equal("its ETag in header and body", found.etag is not None, True)
    equal("one that is not there", refused(404, notes.get_entity("n9")), True)

    first, second, third, fourth, fifth = [f"day {n}'s 細胞" for n in range(1, 6)]
    listed = lambda: notes.get_entities().order_by("mood")
    for what, request, expected in (
        ("filter: text", listed().filter(title=second), [second]),
        ("filter: number", listed().filter(mood__gte=4), [fourth, fifth]),
        ("filter: fraction", listed().filter(score__lt=0.5), [first]),
        ("filter: single", listed().filter("weight le 0.5"), [first]),
        ("filter: date", listed().filter(at__gt=day(3)), [fourth, fifth]),
        ("filter: flag", listed().filter(done=True), [second, fourth]),
        ("filter: one of several", listed().filter(mood__in=[1, 5]), [first, fifth]),
        ("filter: startswith", listed().filter(title__startswith="day 3"), [third]),
        ("filter: substringof", listed().filter(title__contains="5's 細"), [fifth]),
        ("filter: member", listed().filter("where/city eq 'city 4'"), [fourth]),
        ("filter: both", listed().filter("(mood gt 1 and mood lt 4) or title eq 'x'"), [second, third]),
        ("order", notes.get_entities().order_by("done desc,mood desc"), [fourth, second, fifth, third, first]),
        ("page", listed().skip(1).top(2), [second, third]),
        ("last page", listed().skip(4).top(2), [fifth]),
    ):
        equal(what, titles(request), expected)
    page = listed().top(2).count(inline=True).execute()
    equal("a page with the number of all", (len(page), page.total_count), (2, 5))
    chosen = notes.get_entities().select("title").top(1).execute()[0]
    equal("chosen properties", "title" in chosen._cache and "mood" not in chosen._cache, True)

    by_jules = authors.get_entity("jules").nav("_Note")
    by_jules.create_entity().set(__id="n6", title="by Jules").execute()
    equal("what is behind a navigation property", titles(by_jules.get_entities()), ["by Jules"])
    author = notes.get_entity("n6").nav("_Author").execute()
    equal("and back, to one", author.name, "Jules")
    note = notes.get_entities().filter("__id eq 'n6'").expand("_Author").execute()[0]
    equal("expanded to one", note._Author.name, "Jules")
    jules = authors.get_entity("jules").expand("_Note").execute()
    equal("expanded to many", [note.title for note in jules._Note], ["by Jules"])

    notes.update_entity("n1", method="MERGE").set(mood=7).execute()
    found = notes.get_entity("n1").execute()
    equal("a property is changed", (found.mood, found.title), (7, first))
    notes.update_entity("n1", method="PUT").set(title="anew").execute()
    found = notes.get_entity("n1").execute()
    equal("an entity is replaced", (found.mood, found.title), (None, "anew"))
    equal("one that has links stays", refused(409, authors.delete_entity("jules")), True)
    notes.delete_entity("n5").execute()
    equal("an entity is deleted", refused(404, notes.get_entity("n5")), True)


def batch(service):
    """Several requests in one. Its parts are read as they are: the session sees only the whole."""
    notes = service.entity_sets.Note
    changes = service.create_changeset()
    changes.add_request(notes.create_entity().set(__id="b1", title="from a batch"))
    changes.add_request(notes.delete_entity("n4"))
    together = service.create_batch()
    together.add_request(changes)
    together.add_request(notes.get_entities().filter(title="from a batch"))
    (made, deleted), found = together.execute()
    equal("a batch with changes", (made is not None, deleted), (True, None))
    equal("and a list", [note.title for note in found], ["from a batch"])
    equal("took effect", refused(404, notes.get_entity("n4")), True)


def main():
    operator = Operator()
    cell_url = cell(operator, "odata-client")
    account(operator, cell_url, "alice", "pass-of-alice")
    print("pyodata: control objects")
    control_objects(operator, cell_url)
    collection = f"{cell_url}/diary/notes"
    operator.request("MKCOL", collection, data=ODATA)
    declare(operator, collection)
    print("pyodata: schema objects")
    service = schema_objects(operator, collection)
    print("pyodata: entities")
    entities(operator, service)
    print("pyodata: $batch")
    batch(service)


if __name__ == "__main__":
    main()
