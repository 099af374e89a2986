//! The table of every error code of the API (page 004), with texts of our own.
//!
//! Codes and the number and order of parameters are the contract; texts are not (clients match codes). The
//! status is not written a second time, it is part of the code. Codes that tell why a login failed share one
//! text, so that nobody learns from an answer whether an account exists or is locked. In texts nothing
//! stands in square brackets, which rustdoc would take for links.

macro_rules! error_codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal: $text:literal,)*) => {
        /// An error code of the API. `{0}`, `{1}`… in a text stand for the error's parameters.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ErrorCode { $($(#[$doc])* #[doc = concat!("`", $code, "`: ", $text)] $name,)* }

        impl ErrorCode {
            /// Every code.
            pub const ALL: &'static [ErrorCode] = &[$(ErrorCode::$name,)*];

            /// The code as it is sent, `PR400-OD-0001`.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self { $(ErrorCode::$name => $code,)* }
            }

            /// The text with its placeholders.
            #[must_use]
            pub fn template(self) -> &'static str {
                match self { $(ErrorCode::$name => $text,)* }
            }
        }
    };
}

error_codes! {
    // OD: OData
    JsonParse = "PR400-OD-0001": "The request body is not valid JSON.",
    QueryParse = "PR400-OD-0002": "The query string cannot be parsed.",
    FilterParse = "PR400-OD-0003": "The $filter expression cannot be parsed.",
    EntityKeyParse = "PR400-OD-0004":
        "The entity key in the URL cannot be parsed; write it as ('key') or (Name='key',_Box.Name='box').",
    FormatInvalid = "PR400-OD-0005": "$format does not accept '{0}'; use json or atom.",
    FieldFormat = "PR400-OD-0006": "The value of '{0}' is not in the format that this field requires.",
    FieldInvalid = "PR400-OD-0007": "The request body has a field that is not allowed here: {0}",
    NoSuchAssociation = "PR400-OD-0008":
        "These two entity sets have no association that could be used this way.",
    RequiredFieldMissing = "PR400-OD-0009": "The field '{0}' must be given a value.",
    LinksKeyForbidden = "PR400-OD-0010":
        "To add a link, leave out the key after the navigation property and name the target in the body.",
    LinksKeyRequired = "PR400-OD-0011":
        "To remove a link, put the key of the linked entity after the navigation property.",
    TypeInvalid = "PR400-OD-0012": "'{0}' is given a type that does not exist or is not allowed here.",
    InlineCountInvalid = "PR400-OD-0013": "$inlinecount does not accept '{0}'; use allpages or none.",
    UnknownProperty = "PR400-OD-0014": "The request names a property that the entity type does not have.",
    OrderByParse = "PR400-OD-0015": "The $orderby expression cannot be parsed.",
    NullSingleKey = "PR400-OD-0016": "The key of this entity set cannot be null.",
    SelectParse = "PR400-OD-0017": "The $select expression cannot be parsed.",
    TooManyProperties = "PR400-OD-0018": "An entity type can have at most {0} properties.",
    AssociationEndUpdate = "PR400-OD-0019":
        "An AssociationEnd cannot be updated; delete it and create it again.",
    SchemaMismatch = "PR400-OD-0020":
        "A value has another type than the values already stored for this property.",
    BatchHeader = "PR400-OD-0021": "The $batch body has a part whose header '{0}' is missing or not valid.",
    BatchNestedChangeset = "PR400-OD-0022": "The $batch body has a changeset inside a changeset.",
    BatchParse = "PR400-OD-0023":
        "The $batch body cannot be parsed as multipart/mixed with the boundary of its Content-Type.",
    NavigationKeyNotFound = "PR400-OD-0024": "The body refers to an object that does not exist: {0}",
    ExpandNotFound = "PR400-OD-0025": "$expand names the navigation property '{0}', which does not exist.",
    ExpandParse = "PR400-OD-0026": "The $expand expression cannot be parsed.",
    IndexTypeConflict = "PR400-OD-0027": "An index of another type already exists for this property.",
    LinksKeyParse = "PR400-OD-0028": "The entity key of the $links request cannot be parsed.",
    QueryValueInvalid = "PR400-OD-0029": "The query option '{0}' does not accept the value '{1}'.",
    BatchTooManyRequests = "PR400-OD-0030":
        "The $batch body has {0} requests, which is more than allowed; split it.",
    LinksMultiplicity = "PR400-OD-0031": "A link cannot be made between two ends of multiplicity 1.",
    EntityTypeStructureLimit = "PR400-OD-0032":
        "The entity type would have too many properties or complex types nested too deeply.",
    TooManyEntityTypes = "PR400-OD-0033": "The collection already has as many entity types as allowed.",
    BatchPath = "PR400-OD-0034": "The $batch body has a request whose path is not valid: {0}",
    BatchMethod = "PR400-OD-0035": "The $batch body has a request whose method is not allowed: {0}",
    QueryOptionParse = "PR400-OD-0036": "The value of the query option '{0}' cannot be parsed.",
    BatchTopLimit = "PR400-OD-0037": "The values of $top in this $batch add up to more than allowed.",
    TooManyLinks = "PR400-OD-0038": "The entity already has as many links as allowed.",
    ExpandLimit = "PR400-OD-0039": "$expand asks for more navigation properties than allowed.",
    OrderByList = "PR400-OD-0040": "$orderby cannot sort by a property that holds a list.",
    HeaderInvalid = "PR400-OD-0041": "The request header {0} does not accept the value '{1}'.",
    OperationNotSupported = "PR400-OD-0042": "This change is not supported: {0}",
    UnsupportedOperator = "PR400-OD-0043": "$filter uses an operator that is not supported.",
    UnsupportedFunction = "PR400-OD-0044":
        "$filter uses a function that is not supported; use startswith or substringof.",
    UnknownQueryProperty = "PR400-OD-0045": "The query names the property '{0}', which does not exist.",
    OperandTypeMismatch = "PR400-OD-0046": "The query compares '{0}' with a value of another type.",
    OperandFormat = "PR400-OD-0047":
        "The query compares '{0}' with a value that is out of range or not supported.",
    OperandParse = "PR400-OD-0048": "The query has a value that cannot be read: '{0}'",
    CellUrlFormat = "PR400-OD-0049":
        "'{0}' must be a Cell URL: http(s), normalized, with a slash at its end.",
    SchemaUriFormat = "PR400-OD-0050":
        "'{0}' must be a URN, or an http(s) URL that is normalized and has a slash at its end.",
    SearchQueryInvalid = "PR400-OD-0051": "The search cannot be run with these conditions.",
    NotFound = "PR404-OD-0000": "Nothing was found at this URL.",
    NoSuchEntitySet = "PR404-OD-0001": "The entity set does not exist.",
    NoSuchEntity = "PR404-OD-0002": "The entity does not exist.",
    NoSuchNavigationProperty = "PR404-OD-0003": "The navigation property does not exist.",
    NotAcceptable = "PR406-OD-0001": "None of the media types of the Accept header can be sent: {0}",
    HasRelatedData = "PR409-OD-0001": "Other data depends on this entity; delete that first.",
    LinkAlreadyExists = "PR409-OD-0002": "The link already exists.",
    EntityAlreadyExists = "PR409-OD-0003": "An entity with the same key or unique value already exists.",
    UnlinkConflict = "PR409-OD-0004": "Without this link the entity would have the key of another one: {0}",
    LinkConflict = "PR409-OD-0005": "With this link the entity would have the key of another one: {0}",
    EntityTypesAlreadyRelated = "PR409-OD-0006": "The two entity types are related already.",
    IfMatchRequired = "PR412-OD-0001":
        "An If-Match header is required; send the entity's ETag, or * for any.",
    EntityEtagMismatch = "PR412-OD-0002":
        "The If-Match header is not the entity's present ETag; read the entity again.",
    NavigationPropertyConflict = "PR412-OD-0003":
        "The request conflicts with the present links of the entity.",
    UnsupportedMediaType = "PR415-OD-0001": "The body's media type is not supported: {0}",
    DuplicatePropertyName = "PR500-OD-0001": "The stored schema has more than one property named '{0}'.",
    DataInconsistency = "PR500-OD-0002": "The stored data contradicts itself.",

    // DV: WebDAV
    XmlParse = "PR400-DV-0001": "The request body is not well-formed XML.",
    XmlContent = "PR400-DV-0002": "The request body does not have the elements that this method requires.",
    DepthInvalid = "PR400-DV-0003": "The Depth header does not accept '{0}'; use 0 or 1.",
    AclRoleNotFound = "PR400-DV-0004": "The ACL grants privileges to a Role that does not exist.",
    AclBoxNotFound = "PR400-DV-0005": "The Box of the ACL's xml:base does not exist: {0}",
    XmlInvalid = "PR400-DV-0006": "The request body is not valid: {0}",
    TooManyChildren = "PR400-DV-0007": "The collection already has as many members as allowed.",
    CollectionTooDeep = "PR400-DV-0008": "Collections cannot be nested this deeply.",
    DavHeaderInvalid = "PR400-DV-0009": "The request header {0} does not accept the value '{1}'.",
    DavHeaderRequired = "PR400-DV-0010": "The request header {0} is required.",
    MoveServiceSource = "PR400-DV-0011": "The source collection of a service cannot be moved or copied.",
    MoveOverCollection = "PR400-DV-0012":
        "A collection cannot be overwritten; delete it first or choose another destination.",
    MoveIntoOData = "PR400-DV-0013": "No resource can be put into an OData service collection.",
    MoveIntoFile = "PR400-DV-0014": "The destination is inside a file; its parent must be a collection.",
    MoveBox = "PR400-DV-0015": "A Box cannot be moved or copied; rename it at __ctl/Box.",
    MoveIntoService = "PR400-DV-0016":
        "No resource can be put into a service collection, except files into its __src.",
    MoveOverServiceSource = "PR400-DV-0017": "The source collection of a service cannot be overwritten.",
    CollectionInServiceSource = "PR400-DV-0018": "The source collection of a service can hold files only.",
    InfiniteDepth = "PR403-DV-0001": "Depth: infinity is not supported; ask level by level with Depth: 1.",
    HasChildren = "PR403-DV-0003":
        "The collection is not empty; delete its members first or send X-Personium-Recursive: true.",
    ResourceNameInvalid = "PR403-DV-0004": "The resource cannot be named '{0}'.",
    DestinationIsSource = "PR403-DV-0005": "The Destination header is the URL of the resource itself: {0}",
    CopyOData = "PR403-DV-0006":
        "An OData service collection can be copied only as long as it has no schema and no entities: {0}",
    ResourceNotFound = "PR404-DV-0001": "The resource does not exist: {0}",
    BoxNotFound = "PR404-DV-0002": "The Box does not exist: {0}",
    CellNotFound = "PR404-DV-0003": "The Cell does not exist.",
    ResourceAlreadyExists = "PR405-DV-0001":
        "MKCOL is not allowed here: there is a resource at this URL already.",
    ParentNotFound = "PR409-DV-0001": "Create the parent collection first: {0}",
    FileAlreadyExists = "PR409-DV-0002": "A file of that name already exists: {0}",
    ResourceEtagMismatch = "PR412-DV-0001":
        "The precondition does not hold for the resource's present ETag; read the resource again.",
    DestinationExists = "PR412-DV-0002":
        "There is a resource at the destination; send Overwrite: T to replace it.",
    RangeNotSatisfiable = "PR416-DV-0001": "The Range header asks for bytes beyond the end of the file.",
    FileInconsistency = "PR500-DV-0001": "The stored file does not match its record.",
    ResourceInconsistency = "PR500-DV-0002": "The stored tree of resources contradicts itself.",
    ResourceUnavailable = "PR503-DV-0001":
        "Another request has changed or deleted the resource meanwhile; try again.",

    // SC: engine service collections
    EngineConnection = "PR500-SC-0001": "The engine cannot be reached.",
    EngineFileOpen = "PR500-SC-0002": "The engine could not open a file.",
    EngineFileClose = "PR500-SC-0003": "The engine could not close a file.",
    EngineIo = "PR500-SC-0004": "The engine could not read or write.",
    EngineFailure = "PR500-SC-0005": "The engine failed for an unknown reason.",
    ServiceResponseInvalid = "PR500-SC-0006": "The service script did not return a valid HTTP response.",

    // SM: sent messages
    ToRelationNotFound = "PR400-SM-0001": "ToRelation names the Relation '{0}', which does not exist.",
    ToRelationEmpty = "PR400-SM-0002":
        "ToRelation names the Relation '{0}', which no ExtCell is linked with.",
    TooManyDestinations = "PR400-SM-0003": "The message has more destinations than allowed.",
    TokenSchemaBoxNotFound = "PR400-SM-0004":
        "The access token is for the schema '{0}', which no Box of this Cell has.",
    MessageConnection = "PR500-SM-0001": "The message could not be delivered to its destination.",
    MessageBodyParse = "PR500-SM-0002": "The destination's answer to the message cannot be parsed.",

    // RM: received messages
    RequestedRelationExists = "PR400-RM-0001": "The requested link already exists.",
    MessageSchemaBoxNotFound = "PR400-RM-0002": "No Box of this Cell has the message's schema '{0}'.",
    ClassUrlBoxNotFound = "PR400-RM-0003": "No Box of this Cell has the schema of the class URL '{0}'.",
    RequestedObjectNotFound = "PR409-RM-0002": "The requested {0} does not exist: {1}",
    RequestedTargetNotFound = "PR409-RM-0004": "The {0} that the request is about does not exist: {1}",
    RequestedLinkNotFound = "PR409-RM-0005":
        "There is no link to remove between the {0} {1} and the {2} {3}.",

    // AU: authentication and authorization of requests
    PasswordFormat = "PR400-AU-0001": "The password does not follow the rules of this unit.",
    RequestParameterInvalid = "PR400-AU-0002": "The request parameter '{0}' is not valid.",
    CredentialRequired = "PR400-AU-0003": "The header X-Personium-Credential is required.",
    AuthorizationRequired = "PR401-AU-0001": "Authentication is required; send an access token.",
    AccessTokenExpired = "PR401-AU-0002": "The access token has expired; get a new one from __token.",
    AuthenticationSchemeInvalid = "PR401-AU-0003": "This authentication scheme is not supported here.",
    BasicAuthFormat = "PR401-AU-0004": "The Basic credentials are malformed.",
    AuthenticationFailed = "PR401-AU-0005": "Authentication failed.",
    AccessTokenParse = "PR401-AU-0006": "The access token cannot be read; it is not a token for this Cell.",
    RefreshTokenAccess = "PR401-AU-0007":
        "A refresh token gives no access; exchange it at __token for an access token.",
    AccessTokenSignature = "PR401-AU-0008": "The signature of the access token is not valid.",
    CookieAuthenticationFailed = "PR401-AU-0009": "Authentication failed.",
    BasicAuthenticationLocked = "PR401-AU-0010": "Authentication failed.",
    BasicAuthenticationFailed = "PR401-AU-0011": "Authentication failed.",
    PasswordChangeTokenAccess = "PR401-AU-0012":
        "This token is good only for changing the password at __mypassword.",
    UnitUserRequired = "PR403-AU-0001": "Only a unit user may do this.",
    NecessaryPrivilegeLacking = "PR403-AU-0002": "A privilege that this needs is not granted.",
    NotYours = "PR403-AU-0003": "This unit user may not do this: the resource belongs to another one.",
    SchemaAuthenticationRequired = "PR403-AU-0004":
        "Only an authenticated app may do this; get the token with client_id and client_secret.",
    SchemaNotAccepted = "PR403-AU-0005": "The app of this token may not do this: the Box has another schema.",
    SchemaLevelInsufficient = "PR403-AU-0006": "The app of this token must be a confidential client.",
    ScopeInsufficient = "PR403-AU-0007": "The scope of the access token lacks '{0}'.",

    // AN: token requests
    GrantTypeUnsupported = "PR400-AN-0001": "The grant type is not supported: {0}",
    TokenTargetInvalid = "PR400-AN-0002": "p_target is not a valid URL.",
    ClientAssertionParse = "PR400-AN-0003": "The client's secret or assertion cannot be read.",
    ClientAssertionExpired = "PR400-AN-0004": "The client's secret or assertion has expired.",
    ClientAssertionSignature = "PR400-AN-0005":
        "The signature of the client's secret or assertion is not valid.",
    ClientAssertionIssuer = "PR400-AN-0006":
        "The client's secret or assertion was not issued by the client_id.",
    ClientAssertionTarget = "PR400-AN-0007": "The client's secret or assertion was issued for another Cell.",
    TranscellOwner = "PR400-AN-0008": "A user of another Cell cannot represent the owner of this one.",
    GrantTokenParse = "PR400-AN-0009": "The given token cannot be read.",
    GrantTokenExpired = "PR400-AN-0010": "The given token has expired.",
    GrantTokenSignature = "PR400-AN-0011": "The signature of the given token is not valid.",
    GrantTokenTarget = "PR400-AN-0012": "The given token was issued for another Cell: {0}",
    NotRefreshToken = "PR400-AN-0013": "The given token is not a refresh token.",
    OwnerNotAllowed = "PR400-AN-0014": "This account may not represent the owner of the Cell.",
    CellOwnerMissing = "PR400-AN-0015": "The Cell has no owner to represent.",
    RequiredParameterMissing = "PR400-AN-0016": "The parameter '{0}' is required.",
    LoginFailed = "PR400-AN-0017": "Authentication failed.",
    ClientHeaderInvalid = "PR400-AN-0018": "The Authorization header of the client is not valid.",
    GrantCodeInvalid = "PR400-AN-0019": "The code is not valid.",
    ClientMismatch = "PR401-AN-0020": "The token was issued to the client '{0}', not to '{1}'.",
    ClientAuthenticationRequired = "PR401-AN-0021":
        "The client must authenticate with client_id and client_secret.",
    ClientAssertionType = "PR400-AN-0022": "client_assertion_type must be {0}.",
    PasswordChangeRequired = "PR401-AN-0023":
        "The password must be changed first; use the token of this answer at __mypassword.",
    RootCaCertificate = "PR500-AN-0001": "The unit's root CA certificates are not set up correctly.",

    // AZ: the authorization endpoint
    ResponseTypeUnsupported = "PR400-AZ-0001": "The response_type is not supported.",
    ClientIdInvalid = "PR400-AZ-0002": "The parameter client_id is not a valid URL of an app's Cell.",
    RedirectUriInvalid = "PR400-AZ-0003":
        "The parameter redirect_uri is not valid; it must begin with the client_id.",
    ResponseTypeInvalid = "PR400-AZ-0004": "The parameter response_type is not valid.",
    IdTokenJsonParse = "PR400-AZ-0005": "The ID token does not hold valid JSON: {0}",
    IdTokenEncoding = "PR400-AZ-0006": "The ID token is not encoded correctly: {0}",
    AuthorizationFailed = "PR400-AZ-0007": "Authorization failed.",
    ExpiresInInvalid = "PR400-AZ-0008": "The parameter expires_in is not valid.",
    UserCancelled = "PR401-AZ-0001": "The user has cancelled.",
    AuthorizationTokenInvalid = "PR401-AZ-0002": "The token does not authorize this request.",

    // EV: events and the event log
    EventJsonParse = "PR400-EV-0001": "The event is not valid JSON.",
    RequestKeyInvalid = "PR400-EV-0002":
        "X-Personium-RequestKey must be 1 to 128 letters, digits, hyphens or underscores.",
    EventFieldRequired = "PR400-EV-0003": "The event's field '{0}' must be given a value.",
    EventFieldFormat = "PR400-EV-0004": "The event's field '{0}' is not in the required format.",
    CurrentLogUndeletable = "PR400-EV-0005": "The current event log cannot be deleted, only archived ones.",
    EventResponse = "PR500-EV-0001": "The answer to the event could not be written.",
    ArchivedLogOpen = "PR500-EV-0002": "The archived event log could not be opened.",
    LogDelete = "PR500-EV-0003": "The event log could not be deleted.",

    // BI: box installation
    BarHeaderInvalid = "PR400-BI-0001": "The request header {0} is missing or not valid.",
    BarTooLarge = "PR400-BI-0002": "The bar file is too large: {0} bytes.",
    BarEntryTooLarge = "PR400-BI-0003": "The bar file's entry '{0}' is too large: {1} bytes.",
    BoxSchemaInstalled = "PR400-BI-0004": "A Box with the schema '{0}' is installed already.",
    BarSizeInvalid = "PR400-BI-0005": "The bar file's entry '{0}' has an invalid size: {1} bytes.",
    BarEntryFormat = "PR400-BI-0006": "The bar file's entry is not in the required format: {0}",
    BarOpen = "PR400-BI-0007": "The bar file cannot be opened; it must be a zip: {0}",
    BarRead = "PR400-BI-0008": "The bar file cannot be read: {0}",
    BarStructure = "PR400-BI-0009": "The bar file lacks an entry, or has one that does not belong there: {0}",
    BarVersionMismatch = "PR400-BI-0010": "The structure of the bar file is not that of its bar_version.",
    BoxAlreadyInstalled = "PR405-BI-0001": "The Box '{0}' exists already; install into another name.",
    BarResponse = "PR500-BI-0001": "The answer to the installation could not be written.",

    // SV: the server and its stores
    Unknown = "PR500-SV-0000": "An unknown error occurred.",
    StoreConnection = "PR500-SV-0001": "The data store cannot be reached.",
    StoreUnknown = "PR500-SV-0002": "The data store failed for an unknown reason.",
    StoreRetryOver = "PR500-SV-0003": "The data store failed repeatedly: {0}",
    FileSystem = "PR500-SV-0004": "The file system failed: {0}",
    StoreSearch = "PR500-SV-0005": "The data store could not be searched.",
    StoreRollbackFailed = "PR500-SV-0006":
        "The data store could not be updated, and the change could not be undone.",
    StoreRolledBack = "PR500-SV-0007": "The data store could not be updated; nothing was changed.",
    Unexpected = "PR500-SV-9999": "An unexpected error occurred; the log has it under {0}.",
    TooManyConcurrentRequests = "PR503-SV-0001": "Too many requests at once; try again later.",
    ServerConnection = "PR503-SV-0002": "A part of the server cannot be reached; try again later.",
    LockStateUnknown = "PR503-SV-0003": "The state of a lock cannot be determined; try again later.",
    UnderMaintenance = "PR503-SV-0004": "The data is being restored; try again later.",
    DiskFull = "PR503-SV-0005": "A disk is almost full: nothing can be written until space is made.",
    StoreUnavailable = "PR503-SV-0006": "The data store is not available; try again later.",

    // NW: requests to other servers
    Network = "PR500-NW-0000": "A request to another server failed: {0}",
    HttpRequestFailed = "PR500-NW-0001": "The {0} request to {1} failed with status {2}.",
    UnexpectedResponse = "PR500-NW-0002": "{0} did not answer with {1}.",
    UnexpectedValue = "PR500-NW-0003": "Another server sent a wrong value of '{0}'; expected was '{1}'.",

    // UI: HTML pages of a Cell
    PropertyNotConfigured = "PR412-UI-0001": "The Cell's property '{0}' is not set.",
    PropertyNotUrl = "PR412-UI-0002":
        "The Cell's property '{0}' is not an http(s), personium-localunit or personium-localcell URL.",
    PropertyInvalid = "PR412-UI-0003": "The Cell's property '{0}' is not valid.",
    PageInvalid = "PR500-UI-0001": "{0} did not answer with a page that can be shown.",
    PageConnection = "PR500-UI-0002": "{0} cannot be reached.",

    // MC: what fits nowhere else
    SnapshotEntryMissing = "PR400-MC-0001": "The snapshot file has no entry '{0}'.",
    PathBasedUrlDisabled = "PR400-MC-0002":
        "This unit has no path-based Cell URLs; put the Cell's name before the host name.",
    SnapshotVersion = "PR400-MC-0003": "The snapshot file must have version {0}, not {1}.",
    SnapshotNotZip = "PR400-MC-0004": "The snapshot file cannot be used: {0}",
    BoxUnknown = "PR400-MC-0005": "There is no Box '{0}' to be exported or imported.",
    SnapshotLocked = "PR400-MC-0006": "The snapshot cannot be encrypted or decrypted: {0}",
    CellMoved = "PR308-MC-0001": "The Cell has moved to {0}",
    UnknownUrl = "PR404-MC-0001": "There is nothing at this URL.",
    MethodNotAllowed = "PR405-MC-0001": "This method is not allowed here.",
    RequestTimeout = "PR408-MC-0001": "The time for this request is over; it was not executed.",
    CellBusy = "PR409-MC-0001": "The Cell is in use by other requests; try again.",
    SnapshotOfOtherCell = "PR409-MC-0002": "The snapshot is of another Cell, which still exists.",
    ImportConflict = "PR409-MC-0003": "The snapshot cannot be put beside what the Cell has: {0}",
    SecretForgotten = "PR409-MC-0004":
        "The unit was stopped meanwhile, and does not keep passphrases or keys: ask for it again.",
    SnapshotNoBase = "PR409-MC-0005":
        "What was changed since the snapshot '{0}' is not known; export everything: {1}.",
    SnapshotBaseMissing = "PR409-MC-0006":
        "The snapshot '{0}' is to be put over the snapshot '{1}', which is not there: {2}.",
    UploadOffset = "PR409-MC-0007": "The upload has {0} bytes: go on from there.",
    CopyDiffers = "PR409-MC-0008":
        "The other unit has not got what the Cell has, although every piece arrived: the Cell stays where it is.",
    SnapshotNeeded = "PR409-MC-0009":
        "Other snapshots are to be put over '{0}' and are worth nothing without it; delete those first, in this order: {1}.",
    DestinationRefuses = "PR409-MC-0010": "The new unit does not take the token: {0}",
    PreconditionFailed = "PR412-MC-0001":
        "The request header {0} is missing or does not have the required value.",
    MediaTypeNotSupported = "PR415-MC-0001": "The body's media type is not supported.",
    ChecksumMismatch = "PR460-MC-0001": "What was sent does not have the checksum that was given.",
    MethodNotImplemented = "PR501-MC-0001": "This method is not implemented here.",
    NotImplemented = "PR501-MC-0002": "This is not implemented: {0}",

    // CM: JSON bodies, URLs and states of the whole Cell
    BodyKeyMissing = "PR400-CM-0001": "The request body must have the key '{0}'.",
    BodyKeyFormat = "PR400-CM-0002": "The value of '{0}' is not valid; it must be: {1}",
    BodyKeyUnknown = "PR400-CM-0003": "The request body has the unknown key '{0}'.",
    BodyJsonParse = "PR400-CM-0004": "This is not valid JSON: {0}",
    UrlAuthorityInvalid = "PR400-CM-0005": "This unit is not '{0}'; its URLs have '{1}'.",
    MediaTypeNotAcceptable = "PR406-CM-0001": "The media type '{0}' cannot be sent.",
    CellImportFailed = "PR409-CM-0001":
        "The last import into this Cell failed: import again, or delete the Cell.",
    CellLocked = "PR409-CM-0002": "The Cell cannot be written while this is running: {0}",
    BodyLoad = "PR500-CM-0001": "The request body could not be read.",
    FileIo = "PR500-CM-0002": "Reading or writing a file failed: {0}",
    InternalUrlInvalid = "PR500-CM-0003": "The unit uses an invalid URL: {0}",

    // PL, PA: plugins
    PluginUnexpected = "PR500-PL-0001": "A plugin failed unexpectedly.",
    PluginRejected = "PR400-PA-0001": "The authentication plugin refuses the request: {0}",
    PluginUnauthorized = "PR401-PA-0001": "The authentication plugin refuses the login: {0}",
    PluginFailure = "PR500-PA-0001": "The authentication plugin failed: {0}",
    PluginUnavailable = "PR503-PA-0001": "The authentication plugin is not available: {0}",
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::ErrorCode;

    #[test]
    fn codes_are_unique_and_well_formed() {
        let mut seen = HashSet::new();
        for code in ErrorCode::ALL.iter().map(|c| c.code()) {
            assert!(seen.insert(code), "{code} stands in the table twice");
            let parts: Vec<&str> = code.split('-').collect();
            let [status, area, number] = parts[..] else { panic!("{code} does not have three parts") };
            assert!(status.strip_prefix("PR").is_some_and(|digits| digits.len() == 3), "{code}");
            assert!(area.len() == 2 && area.bytes().all(|b| b.is_ascii_uppercase()), "{code}");
            assert!(number.len() == 4 && number.bytes().all(|b| b.is_ascii_digit()), "{code}");
        }
    }

    #[test]
    fn statuses_are_those_of_errors() {
        for code in ErrorCode::ALL {
            // And of what is elsewhere, for good (RFC 9110 section 15.4.9).
            let is_elsewhere = *code == ErrorCode::CellMoved && code.status() == 308;
            assert!(is_elsewhere || (400..=599).contains(&code.status()), "{}", code.code());
            assert_eq!(code.code()[2..5], code.status().to_string());
        }
    }

    #[test]
    fn placeholders_count_from_zero() {
        for code in ErrorCode::ALL {
            let text = code.template();
            let used = (0..).take_while(|i| text.contains(&format!("{{{i}}}"))).count();
            assert_eq!(text.matches('{').count(), used, "{}: {text}", code.code());
            assert_eq!(text.matches('}').count(), used, "{}: {text}", code.code());
        }
    }

    #[test]
    fn parameters_fill_the_text() {
        let error = ErrorCode::QueryValueInvalid.with(["$top", "-1"]);
        assert_eq!(error.message(), "The query option '$top' does not accept the value '-1'.");
        assert_eq!(error.code().status(), 400);
    }
}
